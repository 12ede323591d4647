// Where everything of a Program lies in its linear memory: control block, arguments of all steps, allocations, what steps hand
// to each other, and what each thread has for itself.
import { InvariantError } from '../base/errors.ts'
import { roundUp } from '../base/math.ts'
import type { KernelCall, Plan, View } from '../graph/plan.ts'
import { CONTROL, MOST_PARTS } from './helper.ts'
import { wasmKernelOf } from './kernels/index.ts'
import type { Step } from './kernels/wasm-kernel.ts'

/** A step with its place among the functions, the address of its arguments, and how many parts it is cut into. */
export interface PlacedStep {
  readonly fn: number
  readonly name: string
  readonly args: number
  readonly parts: number
}

/** A call as steps, or as its reference where there is no WASM kernel. */
export type PlacedCall = { readonly type: 'steps'; readonly steps: readonly PlacedStep[] } | { readonly type: 'reference'; readonly call: KernelCall }

export interface MemoryLayout {
  readonly bytes: number
  readonly control: number
  readonly functions: readonly string[]
  /** Own memory of each thread. */
  readonly own: readonly number[]
  readonly args: readonly { readonly address: number; readonly values: readonly number[] }[]
  /** By plan, in order. */
  readonly calls: ReadonlyMap<string, readonly PlacedCall[]>
  /** Address of a view of a plan. */
  readonly addressOf: (plan: string, view: View) => number
}

/** The first page belongs to the compiled module. */
const START = 65_536
const ALIGNMENT = 256
/** Kernels may read this far past an end. */
const SLACK = 256
/** Parts for each thread, so that a slow one holds nobody up. */
const PARTS_PER_THREAD = 4
const MOST_BYTES = 65_536 * 65_536

export interface Sharing {
  readonly threads: number
  /** Steps of fewer operations are left to one thread. */
  readonly worthSharing: number
}

export function layOut(plans: readonly Plan[], sharing: Sharing): MemoryLayout {
  const half = plans.find(({ calls }) => calls.some(({ views }) => Object.values(views).some(({ element }) => element === 'f16')))
  if (half !== undefined) throw new InvariantError(`plan "${half.name}": must store everything as f32 for WebAssembly, got f16. Compile it with storage f32.`)
  let end = START
  const take = (bytes: number): number => {
    const address = end
    end = roundUp(end + bytes, ALIGNMENT)
    return address
  }
  const control = take(CONTROL.length * 4)
  const allocations = placeAllocations(plans, (bytes) => take(bytes + SLACK))
  const addressOf = (plan: string, { allocation, offsetBytes }: View): number => allocations.get(plan)![allocation]! + offsetBytes
  const lowered = plans.flatMap((plan) => plan.calls.map((call) => ({ plan, call, kernel: wasmKernelOf(call.kernel, call.dims) })))
  const shared = take(Math.max(0, ...lowered.map(({ call, kernel }) => kernel?.shared?.(call.dims) ?? 0)) + SLACK)

  const functions: string[] = []
  const args: { address: number; values: readonly number[] }[] = []
  const calls = new Map<string, PlacedCall[]>(plans.map(({ name }) => [name, []]))
  let ownBytes = 0
  const placeStep = (step: Step): PlacedStep => {
    const parts = partsOf(step, sharing)
    ownBytes = Math.max(ownBytes, step.own?.(parts) ?? 0)
    const address = take(step.args.length * 4)
    args.push({ address, values: step.args })
    if (!functions.includes(step.fn)) functions.push(step.fn)
    return { fn: functions.indexOf(step.fn), name: step.fn, args: address, parts }
  }
  for (const { plan, call, kernel } of lowered) {
    const at = (buffer: string): number => (call.views[buffer] === undefined ? 0 : addressOf(plan.name, call.views[buffer]))
    calls.get(plan.name)!.push(kernel === undefined ? { type: 'reference', call } : { type: 'steps', steps: kernel.steps(call.dims, at, shared, call.kernel).map(placeStep) })
  }
  const own = Array.from({ length: sharing.threads }, () => take(ownBytes + SLACK))
  const bytes = end + SLACK
  // Addresses have 32 bits; a larger Plan needs a smaller batch, which createMemory says.
  return { bytes: Math.min(bytes, MOST_BYTES + 1), control, functions, own, args, calls, addressOf }
}

function partsOf({ units, cost, coarse }: Step, { threads, worthSharing }: Sharing): number {
  if (threads === 1 || cost < worthSharing) return 1
  return Math.max(1, Math.min(units, coarse === true ? threads : PARTS_PER_THREAD * threads, MOST_PARTS))
}

/** Addresses of each plan's allocations: persistent ones once by name, scratch shared by all plans as only one runs at a time. */
function placeAllocations(plans: readonly Plan[], take: (bytes: number) => number): ReadonlyMap<string, readonly number[]> {
  const scratchBytes: number[] = []
  for (const plan of plans) plan.allocations.filter(({ role }) => role === 'scratch').forEach(({ bytes }, i) => { scratchBytes[i] = Math.max(scratchBytes[i] ?? 0, bytes) })
  const scratch = scratchBytes.map(take)
  const persistent = new Map<string, { address: number; bytes: number }>()
  return new Map(plans.map((plan) => {
    let used = 0
    return [plan.name, plan.allocations.map(({ name, role, bytes }) => {
      if (role === 'scratch') return scratch[used++]!
      if (role !== 'persistent') return take(bytes)
      const found = persistent.get(name) ?? { address: take(bytes), bytes }
      if (found.bytes !== bytes) throw new InvariantError(`allocation ${name}: must have one size in all plans, got ${found.bytes} and ${bytes} bytes. Compile the plans for one model.`)
      persistent.set(name, found)
      return found.address
    })]
  }))
}
