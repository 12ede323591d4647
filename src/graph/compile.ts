// Graph -> Plan: lower every node to a kernel call, fuse, place every tensor in memory.
import { InvariantError } from '../base/errors.ts'
import { inHalf } from '../kernels/half.ts'
import { readsOf, type Call } from './call.ts'
import { checkpoint } from './checkpoint.ts'
import { reachable } from './differentiate.ts'
import { fuse } from './fuse.ts'
import { halvesOf } from './halves.ts'
import { reuseInPlace } from './in-place.ts'
import { copy } from './ops/pointwise.ts'
import { place, type Arena } from './place.ts'
import type { KernelCall, Plan, PlanPort, View } from './plan.ts'
import { isInput, isParam, isSource, sourceName } from './sources.ts'
import { inScope, storage, type Node, type Tensor } from './tensor.ts'

export type { Arena } from './place.ts'

/** What activations and their gradients are stored as. Arithmetic is f32 either way. */
export type Storage = 'f32' | 'f16'

export interface PlanRequest {
  readonly name: string
  readonly outputs?: Readonly<Record<string, Tensor>>
  readonly arenas?: readonly Arena[]
  /** Calls on whole arenas (`state` tensors) that run last, in this order: accumulate, metrics, optimizer. */
  readonly effects?: readonly Call[]
  /** False leaves every op its own call. */
  readonly fused?: boolean
  /** f16: activations and their gradients take half the memory where every kernel that touches them allows it; f32 where absent. */
  readonly storage?: Storage | undefined
  /** Where the Plan would need more, activations are computed again in the backward pass instead of kept. `peakBytes` says whether that was enough. */
  readonly memoryLimitBytes?: number
}

/** Attempts to pack what was let go of; each lets go of more. */
const MOST_PACKINGS = 6

export function compilePlan(request: PlanRequest): Plan {
  const { name, arenas, outputs, effects } = withOwnStorage(request)
  const kept = new Map<Tensor, string>([
    ...Object.entries(outputs).map(([key, tensor]) => [storage(tensor), `output ${key}`] as const),
    ...arenas.flatMap((arena) => arena.parts.map(({ tensor }) => [storage(tensor), arena.name] as const)),
  ])
  const nodes = reachable([...kept.keys(), ...effects.flatMap((call) => Object.values(call.buffers))].map(({ node }) => node))
  const lowered = nodes.flatMap((node) => (node.op.lower === undefined ? [] : [node.op.lower(node)]))
  const separate = [...(request.fused === false ? lowered : fuse(lowered, { effects, kept })), ...effects]
  const isScratch = (root: Tensor): boolean => !isSource(root) && !kept.has(root)
  const halves = request.storage === 'f16' ? halvesOf(separate, isScratch) : new Set<Tensor>()
  const inputs = nodes.flatMap((node) => node.outputs).filter(isInput)
  const lay = (list: readonly Call[]): Plan => {
    const { calls, home } = request.fused === false ? { calls: list, home: new Map<Tensor, Tensor>() } : reuseInPlace(list, isScratch, halves)
    const memory = place({ calls, home, halves, inputs, arenas, outputs })
    return {
      name,
      allocations: memory.allocations,
      calls: calls.map((call) => kernelCall(call, memory.view)),
      inputs: ports(Object.fromEntries(inputs.map((tensor) => [sourceName(tensor), tensor])), memory.view),
      outputs: ports(outputs, memory.view),
      peakBytes: memory.allocations.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }
  const plan = withinLimit(separate, request.memoryLimitBytes ?? Infinity, { isScratch, halves, lay })
  checkAliasing(plan)
  return plan
}

interface Laying {
  readonly isScratch: (root: Tensor) => boolean
  readonly halves: Set<Tensor>
  readonly lay: (calls: readonly Call[]) => Plan
}

/** The plan of the calls, with as many done twice as make it fit; the smallest found where none does. */
function withinLimit(calls: readonly Call[], limitBytes: number, { isScratch, halves, lay }: Laying): Plan {
  let best = lay(calls)
  const scratchBytes = ({ allocations }: Plan): number => allocations.reduce((sum, { role, bytes }) => sum + (role === 'scratch' ? bytes : 0), 0)
  // Packing wastes a little, so what may be live at once is lowered until the packed plan fits too.
  let targetBytes = scratchBytes(best), current = calls
  for (let turn = 0; turn < MOST_PACKINGS && best.peakBytes > limitBytes; turn++) {
    targetBytes = Math.min(0.9 * targetBytes, limitBytes - best.peakBytes + scratchBytes(best))
    current = checkpoint(current, { isScratch, halves, targetBytes })
    const plan = lay(current)
    if (plan.peakBytes < best.peakBytes) best = plan
  }
  return best
}

/** Copies every output or arena part that has no memory of its own to be placed: sources, and tensors wanted or read elsewhere too. */
function withOwnStorage({ name, outputs = {}, arenas = [], effects = [] }: PlanRequest): Required<Omit<PlanRequest, 'fused' | 'storage' | 'memoryLimitBytes'>> {
  const claimed = new Set<Tensor>()
  const own = (tensor: Tensor, shareable: boolean): Tensor => {
    const root = storage(tensor)
    if (shareable && !isSource(root) && !claimed.has(root)) {
      claimed.add(root)
      return tensor
    }
    return inScope(tensor.node.label, () => copy(tensor))
  }
  const computed = arenas.flatMap(({ parts }) => parts.map(({ tensor }) => tensor)).filter((tensor) => !isParam(tensor))
  const read = new Set([...readStorages([...computed, ...Object.values(outputs)].map(({ node }) => node), effects), ...repeatedStorages(computed)])
  return {
    name,
    effects,
    // A part that another call reads stays outside the arena: that call might write into the same arena.
    arenas: arenas.map((arena) => ({
      ...arena,
      parts: arena.parts.map(({ tensor, offset }) => ({ tensor: isParam(tensor) ? tensor : own(tensor, !read.has(storage(tensor))), offset })),
    })),
    outputs: Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, own(tensor, true)])),
  }
}

function readStorages(from: readonly Node[], effects: readonly Call[]): ReadonlySet<Tensor> {
  const read = new Set<Tensor>()
  for (const node of reachable(from)) if (node.op.lower !== undefined) for (const input of node.inputs) read.add(storage(input))
  for (const call of effects) for (const tensor of readsOf(call)) read.add(storage(tensor))
  return read
}

/** Storages that are listed more than once: copying one part from another would read and write one arena. */
function repeatedStorages(tensors: readonly Tensor[]): readonly Tensor[] {
  const roots = tensors.map(storage)
  return roots.filter((root, i) => roots.indexOf(root) !== i)
}

function kernelCall({ kernel: plain, dims, buffers, label }: Call, view: (tensor: Tensor) => View): KernelCall {
  const views = Object.fromEntries(Object.entries(buffers).map(([key, tensor]) => [key, view(tensor)]))
  const kernel = inHalf(plain, Object.keys(plain.buffers).filter((key) => views[key]?.element === 'f16'))
  for (const [key, { length, bound, element }] of Object.entries(kernel.buffers)) {
    const found = views[key]
    const expected = bound === undefined || bound(dims) ? length(dims) : undefined
    if (found?.length !== expected || (found !== undefined && found.element !== element)) {
      throw new InvariantError(`${label}: must bind ${expected ?? 'no'} elements as ${kernel.name}'s ${key}, got ${found?.length ?? 'none'}. Correct its lowering.`)
    }
  }
  return { kernel, dims, views, label }
}

/** The rule of plan.ts: no call reads one allocation and writes it too, but for a buffer that it updates in place. */
function checkAliasing(plan: Plan): void {
  for (const { kernel, views, label } of plan.calls) {
    const written = Object.entries(views).filter(([key]) => kernel.buffers[key]!.access !== 'read')
    for (const [key, { allocation }] of written) {
      const other = Object.entries(views).find(([otherKey, view]) => otherKey !== key && view.allocation === allocation)
      if (other !== undefined) throw new InvariantError(`${label}: must not bind ${key} and ${other[0]} from one allocation, got ${plan.allocations[allocation]!.name}. Correct the memory plan.`)
    }
  }
}

const ports = (tensors: Readonly<Record<string, Tensor>>, view: (tensor: Tensor) => View): Readonly<Record<string, PlanPort>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { view: view(tensor), shape: tensor.shape }]))
