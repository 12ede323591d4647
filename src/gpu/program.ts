// Plans loaded on a device: pipelines and bind groups are made once, a run is one command encoder and one submit,
// split only where a submit is estimated to take so long that the person's screen would wait for it.
import { InvariantError, present } from '../base/errors.ts'
import { checkInputs } from '../graph/host-memory.ts'
import type { HostArray, KernelCall, Plan, Program } from '../graph/plan.ts'
import { bindDispatches, encodeDispatches, type Dispatch } from './dispatches.ts'
import { loaded, storedBytes, type HalfMode } from './half-access.ts'
import { WORKSPACE } from '../kernels/kernel.ts'
import { createLane, type Lane } from './lane.ts'
import type { Loss } from './loss.ts'
import type { PlanMemory } from './memory.ts'
import type { Pipelines } from './pipelines.ts'
import { createReadback, type Piece, type Readback } from './readback.ts'
import type { Choice } from './tuner.ts'
import { describeVariant, type Variant } from './wgsl.ts'

/** No submit is estimated above this: a person's Stop and their screen come first. */
const MAX_SUBMIT_MS = 100

/** Runs enqueued on the device and not yet done. More only adds delay (and slowed steps in other libraries). */
const MAX_RUNS_IN_FLIGHT = 8

export interface Prepared {
  readonly dispatches: readonly Dispatch[]
  readonly variant: Variant
  /** Estimated time on the device: measured by the tuner, or guessed from its operations. */
  readonly ms: number
}

/** Where a Plan's calls find what they bind. */
export interface PlanBuffers {
  /** By number of the allocation. */
  readonly buffers: readonly GPUBuffer[]
  readonly workspace: GPUBuffer | undefined
}

export interface LoadedPlan extends PlanBuffers {
  readonly plan: Plan
  /** Replaced where tuning finds better ones. */
  calls: readonly Prepared[]
}

export interface Preparing {
  readonly device: GPUDevice
  readonly pipelines: Pipelines
  readonly choose: (call: KernelCall) => Choice
  readonly guessMsPerFlop: number
  readonly onCompiled?: () => void
}

/** Makes pipelines (in parallel) and bind groups of one Plan. */
export async function preparePlan(plan: Plan, where: PlanBuffers, how: Preparing): Promise<LoadedPlan> {
  return { plan, ...where, calls: await Promise.all(plan.calls.map((call) => prepareCall(call, where, how))) }
}

async function prepareCall(call: KernelCall, where: PlanBuffers, { device, pipelines, choose, guessMsPerFlop, onCompiled }: Preparing): Promise<Prepared> {
  const { kernel, dims } = call
  const { variant, ms } = choose(call)
  const made = await pipelines.get(kernel, dims, variant)
  onCompiled?.()
  const label = `${call.label}: ${describeVariant(kernel, variant)}`
  const resource = (name: string): GPUBufferBinding => resourceOf(call, name, { ...where, label, halfMode: pipelines.halfMode })
  return {
    variant,
    dispatches: bindDispatches(device, { kernel, dims, variant, pipelines: made, label, resource }),
    ms: ms ?? kernel.flops(dims) * guessMsPerFlop,
  }
}

function resourceOf({ kernel, dims, views }: KernelCall, name: string, { buffers, workspace, label, halfMode }: PlanBuffers & { readonly label: string; readonly halfMode: HalfMode }): GPUBufferBinding {
  if (name === WORKSPACE) return { buffer: present(workspace, `${label}: workspace`) }
  const view = present(views[name], `${label}: view of ${name}`)
  const length = present(kernel.buffers[name], name).length(dims)
  if (view.length < length) throw new InvariantError(`${label}: must bind ${length} elements as ${name}, got ${view.length}. Correct the lowering.`)
  return { buffer: present(buffers[view.allocation], `${label}: allocation of ${name}`), offset: view.offsetBytes, size: storedBytes(length, view.element, halfMode) }
}

export interface ProgramParts {
  readonly device: GPUDevice
  readonly memory: PlanMemory
  readonly plans: ReadonlyMap<string, LoadedPlan>
  readonly loss: Loss
  readonly how: Preparing
  /** Goes on tuning; false when there is nothing left. */
  readonly improve: (budgetMs: number) => Promise<boolean>
}

type Inputs = Readonly<Record<string, HostArray>>

export class GpuProgram implements Program {
  readonly #parts: ProgramParts
  readonly #readback: Readback
  readonly #lane: Lane
  #disposed = false

  constructor(parts: ProgramParts) {
    this.#parts = parts
    this.#readback = createReadback(parts.device)
    this.#lane = createLane(() => parts.device.queue.onSubmittedWorkDone(), MAX_RUNS_IN_FLIGHT)
  }

  write(allocation: string, data: HostArray): void {
    const { device } = this.#usable()
    const buffer = this.#persistent(allocation)
    if (data.byteLength !== buffer.size) throw new InvariantError(`allocation "${allocation}": must be written whole (${buffer.size} bytes), got ${data.byteLength}.`)
    this.#lane.enqueue(() => writeArray(device, buffer, 0, data), () => data.slice(), (copy) => writeArray(device, buffer, 0, copy))
  }

  clear(allocation: string): void {
    const { device } = this.#usable()
    const buffer = this.#persistent(allocation)
    const clearNow = (): void => {
      const encoder = device.createCommandEncoder({ label: `clear ${allocation}` })
      encoder.clearBuffer(buffer)
      device.queue.submit([encoder.finish()])
    }
    this.#lane.enqueue(clearNow, () => undefined, clearNow)
  }

  run(planName: string, inputs: Inputs): void {
    const { device } = this.#usable()
    const target = this.#loaded(planName)
    checkInputs(target.plan, inputs)
    const runNow = (arrays: Inputs): void => {
      writeInputs(device, target, arrays)
      submit(device, target)
      this.#lane.started()
    }
    const copy = (): Inputs => Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, data.slice()]))
    this.#lane.enqueue(() => runNow(inputs), copy, runNow)
  }

  async read(allocations: readonly string[]): Promise<readonly Float32Array[]> {
    this.#usable()
    return this.#readPieces(allocations.map((name) => ({ buffer: this.#persistent(name), offsetBytes: 0, bytes: this.#persistent(name).size })))
  }

  async readOutputs(planName: string, names: readonly string[]): Promise<Readonly<Record<string, Float32Array>>> {
    this.#usable()
    const { plan, buffers } = this.#loaded(planName)
    const { halfMode } = this.#parts.how.pipelines
    const views = names.map((name) => present(plan.outputs[name], `output "${name}" of plan "${planName}"`).view)
    const arrays = await this.#readPieces(views.map(({ allocation, offsetBytes, length, element }) =>
      ({ buffer: buffers[allocation] as GPUBuffer, offsetBytes, bytes: storedBytes(length, element, halfMode) })))
    return Object.fromEntries(names.map((name, i) => [name, loaded(arrays[i]!, views[i]!.length, views[i]!.element === 'f16' ? 'f16' : 'f32', halfMode) as Float32Array]))
  }

  async settled(): Promise<void> {
    const { device, loss } = this.#usable()
    await loss.guard(this.#lane.after(() => device.queue.onSubmittedWorkDone()))
  }

  async improve(budgetMs: number): Promise<boolean> {
    const { loss, improve, how, plans } = this.#usable()
    const more = await loss.guard(improve(budgetMs))
    for (const loaded of plans.values()) {
      const { plan, calls } = loaded
      loaded.calls = await loss.guard(Promise.all(calls.map((prepared, i) => {
        const call = plan.calls[i]!
        return how.choose(call).variant === prepared.variant ? prepared : prepareCall(call, loaded, how)
      })))
    }
    return more
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#readback.destroy()
    this.#parts.memory.destroy()
  }

  #usable(): ProgramParts {
    this.#parts.loss.check()
    if (this.#disposed) throw new InvariantError('program: must not be used after dispose, got a call. Load the plans again.')
    return this.#parts
  }

  #persistent(name: string): GPUBuffer {
    return present(this.#parts.memory.persistent.get(name), `persistent allocation "${name}"`)
  }

  #loaded(name: string): LoadedPlan {
    return present(this.#parts.plans.get(name), `plan "${name}"`)
  }

  #readPieces(pieces: readonly Piece[]): Promise<readonly Float32Array[]> {
    return this.#parts.loss.guard(this.#lane.after(() => this.#readback.read(pieces)))
  }
}

function writeInputs(device: GPUDevice, { plan, buffers }: LoadedPlan, inputs: Inputs): void {
  for (const [name, { view }] of Object.entries(plan.inputs)) {
    writeArray(device, buffers[view.allocation] as GPUBuffer, view.offsetBytes, inputs[name] as HostArray)
  }
}

const writeArray = (device: GPUDevice, buffer: GPUBuffer, offset: number, data: HostArray): void =>
  device.queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)

/** One encoder, one pass, one submit; several where the estimate says that one would take too long. */
function submit(device: GPUDevice, { plan, calls }: LoadedPlan): void {
  const encode = (part: readonly Prepared[]): void => {
    const encoder = device.createCommandEncoder({ label: plan.name })
    const pass = encoder.beginComputePass({ label: plan.name })
    for (const { dispatches } of part) encodeDispatches(pass, dispatches)
    pass.end()
    device.queue.submit([encoder.finish()])
  }
  for (const part of splitBySubmit(calls)) encode(part)
}

/** Cuts a list of calls so that no part is estimated above the limit, except a single call that is so by itself. */
export function splitBySubmit<T extends { readonly ms: number }>(calls: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = []
  let sum = Infinity
  for (const call of calls) {
    if (sum + call.ms > MAX_SUBMIT_MS) {
      parts.push([])
      sum = 0
    }
    parts.at(-1)?.push(call)
    sum += call.ms
  }
  return parts
}
