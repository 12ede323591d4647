// Which runner computes here. A hardware GPU wins unasked. Where WebGPU is only emulated, it and WebAssembly run the volunteer's
// own Plan once each, and the faster stays; that is remembered. Where there is no WebGPU at all, WebAssembly does the work.
// Only hosts know real runners: this sees them through the Runner interface.
import type { Clock } from '../base/clock.ts'
import type { AdapterDescription, HostArray, Plan, Program, Runner } from '../graph/plan.ts'

export type RunnerChoice = 'auto' | 'gpu' | 'wasm'

export interface RunnerStore {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
}

export interface ChooseOptions {
  readonly choice: RunnerChoice
  /** Throws NoWebGpuError or NoAdapterError where there is none. */
  readonly gpu: () => Promise<Runner>
  readonly wasm: () => Promise<Runner>
  readonly clock: Clock
  /** Where measurements are remembered; absent: nowhere. */
  readonly store?: RunnerStore
}

/** Within this factor of WebAssembly, an emulated GPU is tuned and measured again: tuning seldom gives more. */
const WORTH_TUNING = 3
const TUNE_MS = 2_000
const TIMED_RUNS = 3
/** An emulated GPU that takes longer than this to compile the Plan and run it is not waited for. */
const PATIENCE_MS = 4_000

export async function chooseRunner(options: ChooseOptions): Promise<Runner> {
  const { choice, gpu, wasm } = options
  if (choice === 'gpu') return gpu()
  if (choice === 'wasm') return described(await wasm(), 'asked')
  let found: Runner
  try {
    found = await gpu()
  } catch (error) {
    if (!(error instanceof Error) || !['NoWebGpuError', 'NoAdapterError'].includes(error.name)) throw error
    return described(await wasm(), error.name === 'NoWebGpuError' ? 'no-webgpu' : 'no-gpu')
  }
  if (!found.adapter.software) return described(found, 'hardware')
  return new MeasuringRunner(options, found, await wasm())
}

/** The same runner, saying why it was chosen. */
function described(runner: Runner, because: AdapterDescription['because']): Runner {
  const { adapter, lost } = runner
  return { adapter: { ...adapter, ...(because === undefined ? {} : { because }) }, lost, load: (plans, onProgress) => runner.load(plans, onProgress), dispose: () => runner.dispose() }
}

/** Both runners until the first Plan is there to measure them with; from then on one. */
class MeasuringRunner implements Runner {
  readonly lost: Promise<string>
  readonly #options: ChooseOptions
  readonly #gpu: Runner
  readonly #wasm: Runner
  #chosen: Runner | undefined

  constructor(options: ChooseOptions, gpu: Runner, wasm: Runner) {
    this.#options = options
    this.#gpu = gpu
    this.#wasm = wasm
    // An emulated GPU that is given up is not lost.
    this.lost = gpu.lost.then((reason) => (this.#chosen === this.#wasm ? new Promise<string>(() => {}) : reason))
  }

  /** Until it is known, the likelier: WebAssembly is several times as fast on most machines. */
  get adapter(): AdapterDescription {
    return { ...(this.#chosen ?? this.#wasm).adapter, because: 'faster' }
  }

  async load(plans: readonly Plan[], onProgress?: (fraction: number, doing: string) => void): Promise<Program> {
    if (this.#chosen === undefined) {
      onProgress?.(0, 'comparing')
      this.#chosen = await this.#faster(plans) === 'gpu' ? this.#gpu : this.#wasm
      const other = this.#chosen === this.#gpu ? this.#wasm : this.#gpu
      other.dispose()
    }
    return this.#chosen.load(plans, onProgress)
  }

  dispose(): void {
    this.#gpu.dispose()
    this.#wasm.dispose()
  }

  async #faster(plans: readonly Plan[]): Promise<'gpu' | 'wasm'> {
    const { store } = this.#options
    const plan = largest(plans)
    const key = `runner ${this.#gpu.adapter.name} ${this.#wasm.adapter.name} ${plan.name} ${plan.calls.length} ${flops(plan)}`
    const known = await store?.get(key)
    if (known === 'gpu' || known === 'wasm') return known
    const wasmMs = await this.#timed(this.#wasm, plan)
    const untunedMs = await Promise.race([this.#timed(this.#gpu, plan), this.#patience()])
    const gpuMs = untunedMs > wasmMs * WORTH_TUNING ? untunedMs : await this.#timed(this.#gpu, plan, TUNE_MS)
    const winner = gpuMs < wasmMs ? 'gpu' : 'wasm'
    await store?.set(key, winner)
    return winner
  }

  #patience(): Promise<number> {
    return new Promise((resolve) => void this.#options.clock.after(PATIENCE_MS, () => resolve(Infinity)))
  }

  /** Milliseconds of one run, the least of a few, after tuning for `tuneMs`; infinite for a runner that cannot load the Plan. */
  async #timed(runner: Runner, plan: Plan, tuneMs = 0): Promise<number> {
    const { clock } = this.#options
    const inputs = Object.fromEntries(Object.entries(plan.inputs).map(([name, { view }]): [string, HostArray] =>
      [name, view.element === 'u32' ? new Uint32Array(view.length) : new Float32Array(view.length)]))
    try {
      const program = await runner.load([plan])
      const tuned = clock.now() + tuneMs
      while (clock.now() < tuned && await program.improve?.(tuned - clock.now()) === true);
      let bestMs = Infinity
      for (let run = 0; run <= TIMED_RUNS; run++) {
        const startMs = clock.now()
        program.run(plan.name, inputs)
        await program.settled()
        // The first run warms up.
        if (run > 0) bestMs = Math.min(bestMs, clock.now() - startMs)
      }
      program.dispose()
      return bestMs
    } catch (error) {
      // What one cannot do the other may, which then says so itself if not.
      if (error instanceof Error && ['ConfigError', 'DeviceLostError', 'WrongResultsError'].includes(error.name)) return Infinity
      throw error
    }
  }
}

const flops = (plan: Plan): number => plan.calls.reduce((sum, { kernel, dims }) => sum + kernel.flops(dims), 0)

const largest = (plans: readonly Plan[]): Plan => [...plans].sort((a, b) => flops(b) - flops(a))[0]!
