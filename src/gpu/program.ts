// Plans loaded on a device: pipelines and bind groups are made once, a run is one command encoder and one submit,
// split only where a submit is estimated to take so long that the person's screen would wait for it. A run that comes
// before all pipelines are made is submitted in parts as they come, and what is enqueued after it waits.
import { InvariantError, present } from '../base/errors.ts'
import { checkInputs } from '../graph/host-memory.ts'
import type { HostArray, Program } from '../graph/plan.ts'
import { encodeDispatches } from './dispatches.ts'
import { loaded, storedBytes } from './half-access.ts'
import { createLane, type Lane } from './lane.ts'
import type { Loss } from './loss.ts'
import type { PlanMemory } from './memory.ts'
import { prepareCall, type LoadedPlan, type Prepared, type Preparing } from './prepare.ts'
import { createReadback, type Piece, type Readback } from './readback.ts'

/** No submit is estimated above this: a person's Stop and their screen come first. */
const MAX_SUBMIT_MS = 100

/** Runs enqueued on the device and not yet done. More only adds delay (and slowed steps in other libraries). */
const MAX_RUNS_IN_FLIGHT = 8

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
  /** Why a run could not be submitted to its end; all later calls throw it. */
  #failure: unknown

  constructor(parts: ProgramParts) {
    this.#parts = parts
    this.#readback = createReadback(parts.device)
    this.#lane = createLane(() => parts.device.queue.onSubmittedWorkDone(), MAX_RUNS_IN_FLIGHT)
  }

  get bytes(): number {
    return this.#parts.memory.bytes
  }

  write(allocation: string, data: HostArray): void {
    const { device } = this.#usable()
    const buffer = this.#persistent(allocation)
    if (data.byteLength !== buffer.size) throw new InvariantError(`allocation "${allocation}": must be written whole (${buffer.size} bytes), got ${data.byteLength}.`)
    this.#enqueue((array) => writeArray(device, buffer, 0, array), data, () => data.slice())
  }

  clear(allocation: string): void {
    const { device } = this.#usable()
    const buffer = this.#persistent(allocation)
    this.#enqueue(() => {
      const encoder = device.createCommandEncoder({ label: `clear ${allocation}` })
      encoder.clearBuffer(buffer)
      device.queue.submit([encoder.finish()])
    }, undefined, () => undefined)
  }

  run(planName: string, inputs: Inputs): void {
    const { device } = this.#usable()
    const target = this.#loaded(planName)
    checkInputs(target.plan, inputs)
    const run = (arrays: Inputs): void => {
      writeInputs(device, target, arrays)
      const pieces = piecesOf(target)
      const submitted = submitPrepared(device, planName, pieces, 0)
      if (submitted < pieces.length) this.#lane.hold(this.#submitRest(planName, pieces, submitted))
      else this.#lane.started()
    }
    this.#enqueue(run, inputs, () => Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, data.slice()])))
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
    await loss.guard(this.#lane.after(async () => {
      this.#usable()
      await device.queue.onSubmittedWorkDone()
    }))
  }

  async compiled(): Promise<void> {
    const { loss, plans } = this.#usable()
    await loss.guard(Promise.all([...plans.values()].flatMap(({ calls }) => calls.flatMap(({ preparing }) => preparing))))
  }

  async improve(budgetMs: number): Promise<boolean> {
    await this.compiled()
    const { loss, improve, how, plans } = this.#usable()
    const more = await loss.guard(improve(budgetMs))
    for (const loaded of plans.values()) {
      await loss.guard(Promise.all(loaded.plan.calls.map(async (call, i) => {
        if (how.choose(call).variant === loaded.calls[i]!.variant) return
        const better = prepareCall(call, loaded, how)
        await Promise.all(better.preparing)
        loaded.calls[i] = better
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
    if (this.#failure !== undefined) throw this.#failure
    if (this.#disposed) throw new InvariantError('program: must not be used after dispose, got a call. Load the plans again.')
    return this.#parts
  }

  #persistent(name: string): GPUBuffer {
    return present(this.#parts.memory.persistent.get(name), `persistent allocation "${name}"`)
  }

  #loaded(name: string): LoadedPlan {
    return present(this.#parts.plans.get(name), `plan "${name}"`)
  }

  /** Does `work` with the data, or later with a copy; not at all where the Program is no more by then. */
  #enqueue<T>(work: (data: T) => void, data: T, copy: () => T): void {
    this.#lane.enqueue(() => work(data), copy, (copied) => {
      if (this.#failure === undefined && !this.#disposed) work(copied)
    })
  }

  #readPieces(pieces: readonly Piece[]): Promise<readonly Float32Array[]> {
    return this.#parts.loss.guard(this.#lane.after(async () => {
      this.#usable()
      return this.#readback.read(pieces)
    }))
  }

  /** What is left of a run, part by part as its dispatches are prepared. */
  async #submitRest(planName: string, pieces: readonly PlanPiece[], from: number): Promise<void> {
    const { device, loss } = this.#parts
    try {
      for (let at = from; at < pieces.length; at = submitPrepared(device, planName, pieces, at)) {
        const { call, index } = pieces[at]!
        await loss.guard(call.preparing[index]!)
        if (this.#disposed) return
      }
      this.#lane.started()
    } catch (error) {
      this.#failure = error
    }
  }
}

function writeInputs(device: GPUDevice, { plan, buffers }: LoadedPlan, inputs: Inputs): void {
  for (const [name, { view }] of Object.entries(plan.inputs)) {
    writeArray(device, buffers[view.allocation] as GPUBuffer, view.offsetBytes, inputs[name] as HostArray)
  }
}

const writeArray = (device: GPUDevice, buffer: GPUBuffer, offset: number, data: HostArray): void =>
  device.queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)

/** A dispatch of a Plan, there yet or not. */
interface PlanPiece {
  readonly call: Prepared
  readonly index: number
  /** Its part of the call's estimate. */
  readonly ms: number
}

const piecesOf = ({ calls }: LoadedPlan): readonly PlanPiece[] =>
  calls.flatMap((call) => call.dispatches.map((_, index) => ({ call, index, ms: call.ms / call.dispatches.length })))

/** Submits the pieces from `from` on up to the first that is not prepared, and returns that one's index: one encoder, one pass, one submit; several where the estimate says that one would take too long. */
function submitPrepared(device: GPUDevice, label: string, pieces: readonly PlanPiece[], from: number): number {
  const missing = pieces.findIndex(({ call, index }, at) => at >= from && call.dispatches[index] === undefined)
  const end = missing < 0 ? pieces.length : missing
  for (const part of splitBySubmit(pieces.slice(from, end))) {
    const encoder = device.createCommandEncoder({ label })
    const pass = encoder.beginComputePass({ label })
    encodeDispatches(pass, part.map(({ call, index }) => call.dispatches[index]!))
    pass.end()
    device.queue.submit([encoder.finish()])
  }
  return end
}

/** Cuts a list so that no part is estimated above the limit, except a single one that is so by itself. */
export function splitBySubmit<T extends { readonly ms: number }>(list: readonly T[]): readonly (readonly T[])[] {
  const parts: T[][] = []
  let sum = Infinity
  for (const each of list) {
    if (sum + each.ms > MAX_SUBMIT_MS) {
      parts.push([])
      sum = 0
    }
    parts.at(-1)?.push(each)
    sum += each.ms
  }
  return parts
}
