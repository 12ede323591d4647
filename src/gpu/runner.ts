// The WebGPU runner: opens a device, tunes, and loads Plans onto it. Works in pages, workers and (with Dawn) Node.
import { invariant } from '../base/errors.ts'
import { DeviceLostError, type Plan, type Program, type Runner } from '../graph/plan.ts'
import { openDevice } from './device.ts'
import { allocate } from './memory.ts'
import { createPipelines } from './pipelines.ts'
import { createProgram, preparePlan, type LoadedPlan } from './program.ts'
import { createTuner, type TuningStore } from './tuner.ts'

export interface GpuRunnerOptions {
  /** `navigator.gpu` (see `browserGpu`), or Dawn's under Node (see node-gpu.ts). */
  readonly gpu: GPU
  /** Where tuning is remembered; absent: only as long as the runner. */
  readonly tuning?: TuningStore
  /** False: never measure, take each kernel's first row that fits. */
  readonly tune?: boolean
  /** Bound on tuning in all; 3 s by default. */
  readonly tuneBudgetMs?: number
  /** Hears WebGPU errors that no scope caught: our bugs. By default they are thrown where nobody catches them. */
  readonly onUncapturedError?: (message: string) => void
}

/** Guesses of time where nothing was measured: 1 GFLOP/s on a software adapter, 200 on a slow GPU. */
const SOFTWARE_MS_PER_FLOP = 1e-6
const GPU_MS_PER_FLOP = 5e-9

export interface GpuRunner extends Runner {
  readonly device: GPUDevice
}

/** Throws NoAdapterError where there is none. */
export async function createGpuRunner(options: GpuRunnerOptions): Promise<GpuRunner> {
  const opened = await openDevice(options.gpu)
  const { device, capabilities, fingerprint } = opened
  let lostReason: string | undefined
  const lost = opened.lost.then((reason) => { lostReason = reason; return reason })
  device.addEventListener('uncapturederror', (event) => {
    const { message } = (event as GPUUncapturedErrorEvent).error
    if (options.onUncapturedError !== undefined) options.onUncapturedError(message)
    else throw new Error(`WebGPU: must run without errors, got ${message}`)
  })
  const pipelines = createPipelines(device)
  const tuner = createTuner({
    device, pipelines, capabilities, fingerprint,
    ...(options.tuning !== undefined ? { store: options.tuning } : {}),
    ...(options.tune !== undefined ? { tune: options.tune } : {}),
    ...(options.tuneBudgetMs !== undefined ? { budgetMs: options.tuneBudgetMs } : {}),
  })
  let disposed = false

  const load = async (plans: readonly Plan[], onProgress?: (fraction: number, doing: string) => void): Promise<Program> => {
    invariant(!disposed, 'runner: must not be used after dispose, got load.')
    const calls = plans.flatMap((plan) => plan.calls)
    const choose = await tuner.choose(calls, (fraction, doing) => onProgress?.(fraction * 0.7, doing))
    const memory = await allocate(device, plans)
    let compiled = 0
    const onCompiled = (): void => onProgress?.(0.7 + (0.3 * ++compiled) / calls.length, 'compiling')
    const loaded = await Promise.all(plans.map((plan): Promise<LoadedPlan> =>
      preparePlan(device, plan, memory.byPlan.get(plan.name) ?? [], { pipelines, choose, onCompiled, guessMsPerFlop: capabilities.software ? SOFTWARE_MS_PER_FLOP : GPU_MS_PER_FLOP })))
    return createProgram({
      device, memory, lost,
      plans: new Map(loaded.map((plan) => [plan.plan.name, plan])),
      lostReason: () => lostReason,
    })
  }

  return {
    device,
    adapter: opened.description,
    lost,
    async load(plans, onProgress) {
      const gone = lost.then((reason): never => {
        throw new DeviceLostError(`GPU device: must be there, got lost (${reason}). Make a new runner.`)
      })
      return Promise.race([load(plans, onProgress), gone])
    },
    dispose() {
      disposed = true
      device.destroy()
    },
  }
}
