// The WebGPU runner: opens a device, tunes, and loads Plans onto it. Works in pages, workers and (with Dawn) Node.
import { invariant } from '../base/errors.ts'
import type { AdapterDescription, Plan, Program, Runner } from '../graph/plan.ts'
import { openDevice, type OpenDevice } from './device.ts'
import type { HalfMode } from './half-access.ts'
import { watchLoss, type Loss } from './loss.ts'
import { allocate, megabytes, planMemory } from './memory.ts'
import { createPipelines, type Pipelines } from './pipelines.ts'
import { preparePlan } from './prepare.ts'
import { GpuProgram } from './program.ts'
import { createTuner, type Tuner } from './tuner.ts'
import type { TuningStore } from './tuning-store.ts'

export interface GpuRunnerOptions {
  /** `navigator.gpu` (see `browserGpu`), or Dawn's under Node (see node-gpu.ts). */
  readonly gpu: GPU
  /** Where tuning is remembered; absent: only as long as the runner. */
  readonly tuning?: TuningStore
  /** False: never measure, take each kernel's first row that fits. */
  readonly tune?: boolean
  /** Bound on tuning before Programs are ready, in all: 0.6 s by default on a GPU, none on a software adapter. What it cuts short is left to `Program.improve`. */
  readonly tuneBudgetMs?: number
  /** 'emulated': f16 is rounded to but kept in f32 buffers, for tests where there is no shader-f16. */
  readonly halfMode?: HalfMode
  /** Hears WebGPU errors that no scope caught: our bugs. By default they are thrown where nobody catches them. */
  readonly onUncapturedError?: (message: string) => void
}

type OnProgress = (fraction: number, doing: string) => void

/** The part of making Programs ready that tuning is, where there is any. */
const TUNED = 0.7

/** Guesses of time where nothing was measured: 1 GFLOP/s on a software adapter, 200 on a slow GPU. */
const SOFTWARE_MS_PER_FLOP = 1e-6
const GPU_MS_PER_FLOP = 5e-9

export interface GpuRunner extends Runner {
  readonly device: GPUDevice
}

/** Throws NoAdapterError where there is none. */
export async function createGpuRunner(options: GpuRunnerOptions): Promise<GpuRunner> {
  const opened = await openDevice(options.gpu)
  opened.device.addEventListener('uncapturederror', (event) => {
    const { message } = (event as GPUUncapturedErrorEvent).error
    if (options.onUncapturedError !== undefined) options.onUncapturedError(message)
    else throw new Error(`WebGPU: must run without errors, got ${message}`)
  })
  return new DeviceRunner(opened, options)
}

class DeviceRunner implements GpuRunner {
  readonly device: GPUDevice
  readonly adapter: AdapterDescription
  readonly lost: Promise<string>
  readonly #loss: Loss
  readonly #pipelines: Pipelines
  readonly #tuner: Tuner
  readonly #guessMsPerFlop: number
  #disposed = false

  constructor({ device, description, capabilities, fingerprint, lost }: OpenDevice, { tuning, tune, tuneBudgetMs, halfMode = 'f16' }: GpuRunnerOptions) {
    this.device = device
    this.adapter = { ...description, half: halfMode === 'emulated' || capabilities.features.has('shader-f16') }
    this.#loss = watchLoss(lost)
    this.lost = this.#loss.lost
    this.#pipelines = createPipelines(device, halfMode)
    this.#guessMsPerFlop = capabilities.software ? SOFTWARE_MS_PER_FLOP : GPU_MS_PER_FLOP
    this.#tuner = createTuner({
      device, capabilities, fingerprint,
      pipelines: this.#pipelines,
      ...(tuning !== undefined ? { store: tuning } : {}),
      ...(tune !== undefined ? { tune } : {}),
      ...(tuneBudgetMs !== undefined ? { budgetMs: tuneBudgetMs } : {}),
    })
  }

  async load(plans: readonly Plan[], onProgress?: OnProgress): Promise<Program> {
    invariant(!this.#disposed, 'runner: must not be used after dispose, got load.')
    this.#loss.check()
    return this.#loss.guard(this.#load(plans, onProgress))
  }

  dispose(): void {
    this.#disposed = true
    this.device.destroy()
  }

  async #load(plans: readonly Plan[], onProgress?: OnProgress): Promise<Program> {
    const { device } = this
    const calls = plans.flatMap((plan) => plan.calls)
    let tuned = 0
    const choose = await this.#tuner.choose(calls, (fraction, doing) => {
      tuned = TUNED
      onProgress?.(fraction * tuned, doing)
    })
    const improve = (budgetMs: number): Promise<boolean> => this.#tuner.improve(budgetMs)
    // After all shaders were handed over: drivers begin with them meanwhile.
    const allocated = Promise.resolve().then(() => {
      const planned = planMemory(plans, { halfMode: this.#pipelines.halfMode, workspace: this.#tuner.workspace(calls) })
      onProgress?.(tuned, `allocating ${megabytes(planned.bytes)}`)
      return allocate(device, planned)
    })
    const how = { device, choose, pipelines: this.#pipelines, guessMsPerFlop: this.#guessMsPerFlop }
    let prepared = 0
    const onPrepared = (): void => onProgress?.(tuned + ((1 - tuned) * ++prepared) / calls.length, 'compiling')
    const loaded = await Promise.all(plans.map((plan) =>
      preparePlan(plan, allocated.then(({ byPlan, workspaces }) => ({ buffers: byPlan.get(plan.name) ?? [], workspaces })), how, onPrepared)))
    const memory = await allocated
    return new GpuProgram({ device, memory, plans: new Map(loaded.map((each) => [each.plan.name, each])), loss: this.#loss, how, improve })
  }
}
