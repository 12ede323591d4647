// Computes leases on a device: fetch params and shards, run micro-batches, read the summed gradient back once.
// Owns the Runner and its Program, and makes new ones when the device is lost.
import type { Clock } from '../base/clock.ts'
import { InvariantError, present, WireError } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import type { CodecChoice } from '../codec/codec.ts'
import { createErrorFeedback, type ErrorFeedback } from '../codec/error-feedback.ts'
import { resolveCodec } from '../codec/index.ts'
import { DeviceLostError, type AdapterDescription, type Program, type Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { unpack } from '../model/layout.ts'
import { randomKey, type Examples } from '../train/host-batches.ts'
import { ALLOCATIONS } from '../train/program.ts'
import { loadFitting } from '../train/load-fitting.ts'
import type { Lease, Metrics } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { batches, shardsOf, type Source } from './batches.ts'
import { compileRun, type CompiledRun, type CompiledTraining, type RunRecipe } from './compiled-run.ts'
import type { Files } from './files.ts'
import { trainLocally, type LocalResult } from './local-training.ts'
import { nonFiniteError } from './non-finite.ts'
import { createPace } from './pace.ts'
import { asFloats, packMean } from './packed.ts'
import type { Outcome, Trainer, WorkHooks } from './trainer-port.ts'

export interface TrainerOptions {
  readonly files: Files
  readonly clock: Clock
  /** Opens a device; called again after one is lost. */
  readonly createRunner: () => Promise<Runner>
  /** `compileRun` where absent; a simulation compiles once for all its volunteers. */
  readonly compile?: typeof compileRun
}

type OnProgress = (fraction: number, doing: string) => void

/** Everything about the run that the compiled Plans and the batches depend on. */
interface Prepared {
  readonly source: Source
  readonly codec: CodecChoice
  readonly feedback: ErrorFeedback | undefined
  readonly recipe: RunRecipe
  readonly compiled: CompiledRun
}

/** A device that is lost this often in one lease will not compute it. */
const MOST_REBUILDS = 3
/** After each lease the runner may look for faster ways to run its Plans for about this long, while the update is on its way. */
const IMPROVE_MS = 100
/** Pauses between attempts to get a device again, after a driver reset or while the GPU process restarts. */
const REBUILD_PAUSES_MS = [0, 500, 1000, 2000, 4000, 8000]

export function createTrainer(options: TrainerOptions): Trainer {
  return new DeviceTrainer(options)
}

class DeviceTrainer implements Trainer {
  readonly #options: TrainerOptions
  #runner: Runner | undefined
  #preparation: { readonly key: string; readonly done: Promise<void> } | undefined
  #prepared: Prepared | undefined
  #program: Program | undefined
  /** The model of the last lease. */
  #snapshot: { readonly hash: string; readonly packed: Float32Array } | undefined
  /** Hash of the params on the device, where they are still as they were granted. */
  #paramsHash: string | undefined
  /** Steps that the local optimizer's state on the device has seen. */
  #localSteps = 0
  #working: Promise<unknown> = Promise.resolve()
  #improving: Promise<void> = Promise.resolve()
  #improvable = true
  #disposed = false

  constructor(options: TrainerOptions) {
    this.#options = options
  }

  get #compile(): typeof compileRun {
    return this.#options.compile ?? compileRun
  }

  get bytesDown(): number {
    return this.#options.files.bytesDown
  }

  get adapter(): AdapterDescription | undefined {
    return this.#runner?.adapter
  }

  async open(): Promise<AdapterDescription> {
    return (await this.#openRunner()).adapter
  }

  prepare(welcome: Welcome, onProgress: OnProgress): Promise<void> {
    const { config, model, dataset } = welcome
    const { codec, local, corrections } = config.strategy
    const key = JSON.stringify([model, dataset, config.batchSize, config.seed, codec, local, corrections])
    // A reconnection welcomes us again, perhaps while the first welcome is still being compiled.
    if (this.#preparation?.key !== key) this.#preparation = { key, done: this.#prepare(welcome, onProgress) }
    return this.#preparation.done
  }

  async #prepare({ config, model, dataset }: Welcome, onProgress: OnProgress): Promise<void> {
    await this.#working.catch(() => {})
    await this.#improving
    this.#dropProgram()
    const { batchSize, seed, strategy } = config
    const recipe = { model, batchSize, strategy }
    const compiled = this.#compile(recipe)
    const { codec, errorFeedback } = resolveCodec(strategy.codec)
    const feedback = errorFeedback ? createErrorFeedback(codec, compiled.layout.packedSize) : undefined
    this.#prepared = { source: { dataset, seed, batchSize }, codec: strategy.codec, feedback, recipe, compiled }
    try {
      await this.#loaded(onProgress)
    } catch (error) {
      if (!(error instanceof DeviceLostError) || this.#disposed) throw error
      this.#dropRunner() // The first lease makes a new one.
    }
  }

  work(lease: Lease, hooks: WorkHooks): Promise<Outcome> {
    const work = this.#workSurviving(lease, hooks)
    this.#working = work
    return work
  }

  dispose(): void {
    this.#disposed = true
    this.#dropRunner()
  }

  /** Computes the lease, from its beginning on a new device each time one is lost. */
  async #workSurviving(lease: Lease, hooks: WorkHooks): Promise<Outcome> {
    for (let rebuilds = 0; ; rebuilds++) {
      try {
        if (this.#program === undefined) {
          hooks.onProgress('rebuilding', 0)
          await this.#rebuild(hooks)
        }
        await this.#improving
        const outcome = await this.#compute(lease, hooks)
        this.#improving = this.#improve()
        return outcome
      } catch (error) {
        hooks.signal.throwIfAborted()
        if (!(error instanceof DeviceLostError) || this.#disposed || rebuilds === MOST_REBUILDS) throw error
        this.#dropRunner()
      }
    }
  }

  /** Never throws: a device that is lost meanwhile is noticed by the next lease. */
  async #improve(): Promise<void> {
    const program = this.#program
    if (program?.improve === undefined || !this.#improvable) return
    const more = await program.improve(IMPROVE_MS).catch(() => true)
    if (program === this.#program) this.#improvable = more
  }

  async #compute(lease: Lease, { signal, onProgress }: WorkHooks): Promise<Outcome> {
    const { clock } = this.#options
    const { source, compiled, codec, feedback } = present(this.#prepared, 'prepared run')
    const shards = await this.#fetch(lease, { signal, onProgress })
    const shardBytes = (hash: string): Uint8Array => present(shards.get(hash), 'shard')
    const program = present(this.#program, 'program')
    onProgress('computing', 0)
    const startedMs = clock.now()
    if (lease.kind === 'train' && compiled.training !== undefined) {
      const { pseudoGradient, metrics } = await this.#trainLocally(lease, compiled.training, { shardBytes, signal, onProgress })
      return { kind: 'train', gradient: pseudoGradient, layout: compiled.layout, codec, feedback, metrics, computeMs: clock.now() - startedMs }
    }
    program.clear('metrics')
    if (lease.kind === 'train') program.clear('grads')
    const plan = lease.kind === 'train' ? compiled.gradient : compiled.evaluate
    // The same work draws the same numbers, whoever computes it.
    const drawn = createRng(JSON.stringify(lease.work)).nextU32()
    const draw = (step: number): Examples => ('random' in plan.inputs ? { random: randomKey(source.seed, drawn, step) } : {})
    const runs = function* (): Generator<Examples> {
      let first = 0
      for (const { x, labels, weights } of batches(source, lease.work, shardBytes)) {
        yield { x, labels, weights, ...draw(first) }
        first += source.batchSize
      }
    }
    const pace = createPace(clock)
    let done = 0
    for (const inputs of runs()) {
      program.run(plan.name, inputs)
      done = Math.min(lease.numExamples, done + source.batchSize)
      if (!pace.due()) continue
      await program.settled()
      signal.throwIfAborted()
      pace.settled()
      onProgress('computing', done / lease.numExamples)
    }
    const [metricsArray, grads] = await program.read(lease.kind === 'train' ? ['metrics', 'grads'] : ['metrics'])
    signal.throwIfAborted()
    const loss = present(metricsArray?.[METRICS.loss], 'loss')
    if (!Number.isFinite(loss)) {
      const restore = (): void => [ALLOCATIONS.metrics, ...(lease.kind === 'train' ? [ALLOCATIONS.grads] : [])].forEach((name) => program.clear(name))
      const message = `loss: must be finite, got ${loss} at model version ${lease.modelVersion}`
      throw await nonFiniteError({ runner: present(this.#runner, 'runner'), program, plan, restore, runs, signal }, message, 'Lower the learning rate.')
    }
    const metrics = readMetrics(present(metricsArray, 'metrics'), lease)
    const computeMs = clock.now() - startedMs
    if (lease.kind === 'evaluate') return { kind: 'evaluate', metrics, computeMs }
    const gradient = packMean(compiled.layout, present(grads, 'grads'), lease.numExamples)
    return { kind: 'train', gradient, layout: compiled.layout, codec, feedback, metrics, computeMs }
  }

  async #trainLocally(lease: Lease, training: CompiledTraining, { shardBytes, signal, onProgress }: WorkHooks & { readonly shardBytes: (hash: string) => Uint8Array }): Promise<LocalResult> {
    const program = present(this.#program, 'program')
    const pace = createPace(this.#options.clock)
    const stepsBefore = training.local.keepOptimizerState === true ? this.#localSteps : 0
    // From here on they are trained.
    this.#paramsHash = undefined
    this.#localSteps = 0
    const result = await trainLocally({
      runner: present(this.#runner, 'runner'), signal,
      program, training, source: present(this.#prepared, 'prepared run').source, lease, shardBytes, granted: present(this.#snapshot, 'snapshot').packed, stepsBefore,
      async afterRun(fraction) {
        if (!pace.due()) return
        await program.settled()
        signal.throwIfAborted()
        pace.settled()
        onProgress('computing', fraction)
      },
    })
    signal.throwIfAborted()
    this.#localSteps = stepsBefore + result.steps
    return result
  }

  /** Puts the lease's params on the device and its shards in memory. */
  async #fetch(lease: Lease, { signal, onProgress }: WorkHooks): Promise<ReadonlyMap<string, Uint8Array>> {
    const { files } = this.#options
    const { source, compiled } = present(this.#prepared, 'prepared run')
    const hashes = shardsOf(source.dataset, lease.work)
    const steps = hashes.length + 1
    onProgress('downloading', 0)
    if (this.#snapshot?.hash !== lease.modelHash) {
      const bytes = await files.snapshot(lease.runId, lease.modelHash, signal)
      this.#snapshot = { hash: lease.modelHash, packed: asFloats(bytes, compiled.layout) }
    }
    if (this.#paramsHash !== lease.modelHash) {
      // The device may have been lost while we waited.
      const program = this.#program
      if (program === undefined) throw new DeviceLostError('GPU device: must be there, got lost while downloading.')
      program.write('params', unpack(compiled.layout, this.#snapshot.packed))
      this.#paramsHash = lease.modelHash
    }
    const shards = new Map<string, Uint8Array>()
    for (const hash of hashes) {
      onProgress('downloading', (shards.size + 1) / steps)
      shards.set(hash, await files.shard(lease.runId, hash, signal))
      signal.throwIfAborted()
    }
    if (this.#program === undefined) throw new DeviceLostError('GPU device: must be there, got lost while downloading.')
    return shards
  }

  // ---- device -----------------------------------------------------------------------------------

  async #openRunner(): Promise<Runner> {
    const runner = await this.#options.createRunner()
    this.#runner = runner
    void runner.lost.then(() => {
      if (runner === this.#runner) this.#dropRunner()
    })
    if (this.#disposed) {
      this.#dropRunner()
      throw new DeviceLostError('trainer: must not be used after dispose.')
    }
    return runner
  }

  async #loaded(onProgress: OnProgress): Promise<void> {
    const prepared = present(this.#prepared, 'prepared run')
    const runner = this.#runner ?? await this.#openRunner()
    const { compiled, program } = await loadFitting({
      compile: (memoryLimitBytes) => (memoryLimitBytes === Infinity ? prepared.compiled : this.#compile(prepared.recipe, memoryLimitBytes)),
      plans: ({ plans }) => plans,
      load: (plans) => runner.load(plans, onProgress),
    })
    if (runner !== this.#runner) throw new DeviceLostError('GPU device: must be there, got lost while compiling.')
    this.#prepared = { ...prepared, compiled }
    this.#program = program
    this.#improvable = true
  }

  /** Tries a few times: after a reset a browser may have no adapter for some seconds. */
  async #rebuild({ signal, onProgress }: WorkHooks): Promise<void> {
    let lastError: unknown
    for (const pauseMs of REBUILD_PAUSES_MS) {
      await new Promise<void>((resolve) => void this.#options.clock.after(pauseMs, resolve))
      signal.throwIfAborted()
      try {
        return await this.#loaded((fraction) => onProgress('rebuilding', fraction))
      } catch (error) {
        if (error instanceof InvariantError || this.#disposed) throw error
        lastError = error
        this.#dropRunner()
      }
    }
    throw new DeviceLostError(`GPU device: must come back after it was lost, got ${lastError instanceof Error ? lastError.message : String(lastError)}`)
  }

  #dropProgram(): void {
    this.#program?.dispose()
    this.#program = undefined
    this.#paramsHash = undefined
    this.#localSteps = 0
  }

  #dropRunner(): void {
    this.#dropProgram()
    const runner = this.#runner
    this.#runner = undefined
    runner?.dispose()
  }
}

function readMetrics(values: Float32Array, lease: Lease): Metrics {
  const lossSum = present(values[METRICS.loss], 'loss')
  const examples = present(values[METRICS.examples], 'examples')
  if (examples !== lease.numExamples) throw new WireError(`lease ${lease.leaseId}: must have slices of ${lease.numExamples} examples, got ${examples}.`)
  return { lossSum, correct: present(values[METRICS.correct], 'correct'), examples }
}
