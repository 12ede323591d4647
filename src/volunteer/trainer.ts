// Computes leases on a device: fetch params and shards, run micro-batches, read the summed gradient back once.
// Owns the Runner and its Program, and makes new ones when the device is lost.
import type { Clock } from '../base/clock.ts'
import { InvariantError, present } from '../base/errors.ts'
import type { Memory } from '../fed/aggregators/aggregator.ts'
import { downOf, split } from '../fed/corrections/travelling.ts'
import type { Storage } from '../graph/compile.ts'
import { DeviceLostError, WrongResultsError, type AdapterDescription, type Plan, type Program, type Runner } from '../graph/plan.ts'
import { unpack } from '../model/layout.ts'
import type { Lease } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import { shardsOf } from './batches.ts'
import { compileRun, type CompiledTraining } from './compiled-run.ts'
import { trainCorrected, type CorrectedResult } from './corrected-training.ts'
import type { Files } from './files.ts'
import { memoryOf, recallFor, type Recalled } from './lease-memory.ts'
import { HalfOverflowError, type LeaseScale } from './lease-scale.ts'
import { VolunteerMemory } from './memory.ts'
import { createPace } from './pace.ts'
import { asFloats, packMean } from './packed.ts'
import { loadRun, prepareRun, type PreparedRun } from './prepared-run.ts'
import { sumUp } from './sum-up.ts'
import type { Outcome, Trainer, WorkHooks } from './trainer-port.ts'

export interface TrainerOptions {
  readonly files: Files
  readonly clock: Clock
  /** Opens a device; called again after one is lost. */
  readonly createRunner: () => Promise<Runner>
  /** `compileRun` where absent; a simulation compiles once for all its volunteers. */
  readonly compile?: typeof compileRun
  /** What it remembers from lease to lease; nothing outlives it where absent. */
  readonly memory?: VolunteerMemory
}

type OnProgress = (fraction: number, doing: string) => void

/** A device that is lost this often in one lease will not compute it. */
const MOST_REBUILDS = 3
/** After each lease the runner may look for faster ways to run its Plans for about this long, while the update is on its way. */
const IMPROVE_MS = 100
/** Tuning rests so many times longer than it took: where leases take milliseconds, it must not be most of what a volunteer does. */
const IMPROVE_REST = 4
/** Pauses between attempts to get a device again, after a driver reset or while the GPU process restarts. */
const REBUILD_PAUSES_MS = [0, 500, 1000, 2000, 4000, 8000]

export function createTrainer(options: TrainerOptions): Trainer {
  return new DeviceTrainer(options)
}

class DeviceTrainer implements Trainer {
  readonly #options: TrainerOptions
  readonly #memory: VolunteerMemory
  #runner: Runner | undefined
  #preparation: { readonly key: string; readonly done: Promise<void> } | undefined
  #prepared: PreparedRun | undefined
  #program: Program | undefined
  /** The model of the last lease. */
  #snapshot: { readonly hash: string; readonly packed: Float32Array; readonly down: Readonly<Record<string, Memory>> } | undefined
  /** Hash of the params on the device, where they are still as they were granted. */
  #paramsHash: string | undefined
  #working: Promise<unknown> = Promise.resolve()
  #improving: Promise<void> = Promise.resolve()
  #improvable = true
  /** No tuning before then. */
  #improveFromMs = 0
  #disposed = false

  constructor(options: TrainerOptions) {
    this.#options = options
    this.#memory = options.memory ?? new VolunteerMemory({ volunteerId: 'volunteer' })
  }

  get #compile(): typeof compileRun {
    return this.#options.compile ?? compileRun
  }

  /** Where training is in f16. */
  get #scale(): LeaseScale | undefined {
    const { recipe, scale } = present(this.#prepared, 'prepared run')
    return recipe.storage === 'f16' ? scale : undefined
  }

  get bytesDown(): number {
    return this.#options.files.bytesDown
  }

  get adapter(): AdapterDescription | undefined {
    return this.#runner?.adapter
  }

  get storage(): Storage | undefined {
    return this.#prepared?.recipe.storage
  }

  get memoryBytes(): number | undefined {
    return this.#program?.bytes
  }

  async open(): Promise<AdapterDescription> {
    return (await this.#openRunner()).adapter
  }

  prepare(welcome: Welcome, onProgress: OnProgress): Promise<void> {
    const { config, model, dataset } = welcome
    const { codec, local, corrections } = config.strategy
    this.#memory.beginRun(welcome.runId)
    const key = JSON.stringify([model, dataset, config.batchSize, config.seed, config.storage, codec, local, corrections])
    // A reconnection welcomes us again, perhaps while the first welcome is still being compiled.
    if (this.#preparation?.key !== key) this.#preparation = { key, done: this.#prepare(welcome, onProgress) }
    return this.#preparation.done
  }

  async #prepare(welcome: Welcome, onProgress: OnProgress): Promise<void> {
    await this.#working.catch(() => {})
    await this.#improving
    this.#dropProgram()
    this.#prepared = prepareRun(welcome, this.#runner, this.#compile)
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

  forget(runId: string): void {
    this.#memory.endRun(runId)
  }

  dispose(): void {
    this.#disposed = true
    this.#dropRunner()
  }

  /** Computes the lease, from its beginning on a new device each time one is lost, or with more range each time f16 has too little. */
  async #workSurviving(lease: Lease, hooks: WorkHooks): Promise<Outcome> {
    for (let rebuilds = 0; ;) {
      try {
        if (this.#program === undefined) {
          hooks.onProgress('rebuilding', 0)
          await this.#rebuild(hooks)
        }
        await this.#improving
        const outcome = await this.#compute(lease, hooks)
        this.#improving = this.#improve()
        // The next lease hears of it.
        this.#improving.catch(() => undefined)
        return outcome
      } catch (error) {
        hooks.signal.throwIfAborted()
        if (error instanceof HalfOverflowError) this.#relieve(error)
        else if (!(error instanceof DeviceLostError) || this.#disposed || rebuilds++ === MOST_REBUILDS) throw error
        else this.#dropRunner()
      }
    }
  }

  #relieve({ in: storage }: HalfOverflowError): void {
    if (storage === 'f16') return // The scale is lower by now.
    this.#prepared = { ...present(this.#prepared, 'prepared run'), wanted: 'f32' }
    this.#dropProgram()
  }

  /** A device that is lost meanwhile is noticed by the next lease. Throws WrongResultsError where it is found to compute wrongly. */
  async #improve(): Promise<void> {
    const program = this.#program
    const { clock } = this.#options, startedMs = clock.now()
    if (program?.improve === undefined || !this.#improvable || startedMs < this.#improveFromMs) return
    const more = await program.improve(IMPROVE_MS).catch((error: unknown) => {
      if (error instanceof WrongResultsError) throw error
      return true
    })
    this.#improveFromMs = clock.now() + IMPROVE_REST * (clock.now() - startedMs)
    if (program === this.#program) this.#improvable = more
  }

  async #compute(lease: Lease, { signal, onProgress }: WorkHooks): Promise<Outcome> {
    const { clock } = this.#options
    const { source, compiled, codec, needs } = present(this.#prepared, 'prepared run')
    const shards = await this.#fetch(lease, { signal, onProgress })
    const shardBytes = (hash: string): Uint8Array => present(shards.get(hash), 'shard')
    const program = present(this.#program, 'program')
    onProgress('computing', 0)
    const startedMs = clock.now()
    const runner = present(this.#runner, 'runner'), scale = this.#scale
    const sums = (plan: Plan, batchSize: number): ReturnType<typeof sumUp> => sumUp({ runner, program, scale, plan, source: { ...source, batchSize }, lease, shardBytes, clock, signal, onProgress })
    const gradientOfPart = async (): Promise<Float32Array> => {
      const { batchSize, layout } = present(compiled.training, 'local training')
      const { grads } = await sums(compiled.gradient, batchSize)
      return packMean(layout, present(grads, 'grads'), lease.numExamples)
    }
    const recalled = lease.kind === 'train' ? await recallFor(lease, needs, this.#memory, gradientOfPart) : undefined
    if (recalled !== undefined && compiled.training !== undefined) {
      const { pseudoGradient, up: values, metrics, after } = await this.#trainLocally(lease, compiled.training, recalled, { shardBytes, signal, onProgress })
      const up = { corrections: needs.corrections, values }
      return { kind: 'train', gradient: pseudoGradient, up, layout: compiled.layout, codec, memory: memoryOf(lease, needs, this.#memory, after), metrics, computeMs: clock.now() - startedMs }
    }
    const { metrics, grads } = await sums(recalled === undefined ? compiled.evaluate : compiled.gradient, source.batchSize)
    const computeMs = clock.now() - startedMs
    if (recalled === undefined) return { kind: 'evaluate', metrics, computeMs }
    const gradient = packMean(compiled.layout, present(grads, 'grads'), lease.numExamples)
    return { kind: 'train', gradient, layout: compiled.layout, codec, memory: memoryOf(lease, needs, this.#memory, recalled), metrics, computeMs }
  }

  async #trainLocally(lease: Lease, training: CompiledTraining, recalled: Recalled, { shardBytes, signal, onProgress }: WorkHooks & { readonly shardBytes: (hash: string) => Uint8Array }): Promise<CorrectedResult> {
    const program = present(this.#program, 'program')
    const pace = createPace(this.#options.clock)
    const { packed: granted, down } = present(this.#snapshot, 'snapshot')
    // From here on they are trained.
    this.#paramsHash = undefined
    const result = await trainCorrected({
      runner: present(this.#runner, 'runner'), signal,
      program, training, source: present(this.#prepared, 'prepared run').source, lease, shardBytes, granted, scale: this.#scale,
      async afterRun(fraction) {
        if (!pace.due()) return
        await program.settled()
        signal.throwIfAborted()
        pace.settled()
        onProgress('computing', fraction)
      },
    }, { corrections: training.corrections, recalled, down })
    signal.throwIfAborted()
    return result
  }

  /** Puts the lease's params on the device and its shards in memory. */
  async #fetch(lease: Lease, { signal, onProgress }: WorkHooks): Promise<ReadonlyMap<string, Uint8Array>> {
    const { files } = this.#options
    const { source, compiled, needs: { corrections } } = present(this.#prepared, 'prepared run')
    const hashes = shardsOf(source.dataset, lease.work)
    const steps = hashes.length + 1
    onProgress('downloading', 0)
    if (this.#snapshot?.hash !== lease.modelHash) {
      const bytes = await files.snapshot(lease.runId, lease.modelHash, signal)
      const arrays = downOf(corrections), { packedSize } = compiled.layout
      const floats = asFloats(bytes, compiled.layout, arrays.length)
      this.#snapshot = { hash: lease.modelHash, packed: floats.subarray(0, packedSize), down: split(floats.subarray(packedSize), arrays, corrections) }
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
    const { prepared: loaded, program } = await loadRun(prepared, { runner, compile: this.#compile, onProgress })
    if (runner !== this.#runner) throw new DeviceLostError('GPU device: must be there, got lost while compiling.')
    this.#prepared = loaded
    this.#program = program
    this.#improvable = true
    this.#improveFromMs = 0
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
  }

  #dropRunner(): void {
    this.#dropProgram()
    this.#improving = Promise.resolve()
    const runner = this.#runner
    this.#runner = undefined
    runner?.dispose()
  }
}
