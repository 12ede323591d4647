// A whole coordinator (state machine, store, arithmetic) with stub volunteers in virtual time, on a disk that crashes.
// A seed chooses what the network, the disk, the clock and the volunteers do wrong; everything repeats exactly.
import * as v from 'valibot'
import { ConfigError, InvariantError } from '../../src/base/errors.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import type { ShardedDataset } from '../../src/data/shards.ts'
import { resolveCorrection } from '../../src/fed/corrections/index.ts'
import { layoutOf } from '../../src/model/initial-params.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { updateTensors } from '../../src/wire/tensors.ts'
import { RunConfigSchema, type RunConfig } from '../../src/wire/run-config.ts'
import { createInlineNumeric } from '../numeric/inline.ts'
import type { Numeric } from '../numeric/numeric.ts'
import type { RunHost } from '../run-host.ts'
import type { Disk } from '../store/disk.ts'
import { CrashError, createFaultDisk, type FaultDisk, type Survival } from '../store/fault-disk.ts'
import { readLog } from '../store/log.ts'
import { openRun } from './open-run.ts'
import type { LogRecord } from './records.ts'
import { DEFAULT_RETENTION, type Retention } from './retention.ts'
import { SimulatedNetwork, type NetworkFaults } from './simulated-network.ts'
import { StubVolunteer } from './stub-volunteer.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

/** Eight params: [3] -> dense 2. */
export const STUB_MODEL: ModelSpec = { name: 'stub', inputs: { x: [3] }, nodes: [{ name: 'dense', layer: 'dense', options: { units: 2 } }], output: 'dense' }
export const STUB_LAYOUT = layoutOf(STUB_MODEL)

/** What runs are tried with: every schedule, and everything else that changes what an update is or how it is combined. */
export const STUB_STRATEGIES = {
  synchronous: { schedule: { type: 'synchronous', examplesPerRound: 16, deadlineMs: 2000, quorum: 0.5 } },
  /** Rounds whose stragglers are computed twice. */
  backups: { schedule: { type: 'synchronous', examplesPerRound: 16, deadlineMs: 4000, quorum: 1, overSelection: 0.5 } },
  asynchronous: { schedule: { type: 'asynchronous', examplesPerLease: 8, maxStaleness: 4 } },
  /** Updates that are compared, with a memory of the last rounds, in buckets. */
  compared: { schedule: { type: 'synchronous', examplesPerRound: 16, deadlineMs: 2000, quorum: 0.75 }, aggregator: { name: 'centered-clipping', bucketing: 2 } },
  /** Stale gradients brought up to date from the versions that they were computed at. */
  compensated: { schedule: { type: 'buffered', bufferSize: 2, examplesPerLease: 8, maxStaleness: 4 }, corrections: [{ name: 'delay-compensation', lambda: 2 }] },
  buffered: { schedule: { type: 'buffered', bufferSize: 3, examplesPerLease: 8, maxStaleness: 4 } },
  ticks: { schedule: { type: 'semi-synchronous', tickMs: 1500, maxUpdates: 4, maxStaleness: 4 }, local: { type: 'epochs', epochs: 1, optimizer: { name: 'sgd', learningRate: 0.1 } }, work: 'partition' },
  /** Rounds of local training on shipped examples. */
  cohort: { schedule: { type: 'cohort', participants: 3, examplesPerLease: 8, deadlineMs: 4000, quorum: 0.6 }, local: { type: 'steps', steps: 5, optimizer: { name: 'sgd', learningRate: 0.1 } }, aggregator: 'nova-mean' },
  /** Rounds of parts with all state that corrections can have. */
  corrected: {
    schedule: { type: 'cohort', deadlineMs: 4000, quorum: 1 }, local: { type: 'epochs', epochs: 1, optimizer: { name: 'sgd', learningRate: 0.1 } }, work: 'partition',
    corrections: [{ name: 'scaffold' }, { name: 'fed-dyn' }], serverOptimizer: { name: 'sgd', learningRate: 0.1 },
  },
  /** Rounds of drawn parts of the data. */
  parts: { schedule: { type: 'cohort', participants: 1, overSelection: 1, deadlineMs: 4000, quorum: 1 }, local: { type: 'epochs', epochs: 1, optimizer: { name: 'sgd', learningRate: 0.1 } }, work: 'partition' },
} as const
const STUB_PARTS = [[0], [1, 2], [3]]

export interface SimulationOptions extends NetworkFaults {
  readonly seed: number
  readonly schedule: keyof typeof STUB_STRATEGIES
  readonly volunteers?: number
  /** Fraction of updates that are wrong in some way. */
  readonly bad?: number
  /** Crashes of the coordinator: how many, each after some disk operations that the seed chooses, or after how many of them. */
  readonly crashes?: number | readonly number[]
  /** What survives crashes of what was not synced; the seed chooses where absent. */
  readonly survival?: Survival
  /** Whether the disk fills up for a while. */
  readonly fullDisk?: boolean
  /** Times that the coordinator's clock jumps ahead, by up to five minutes. */
  readonly clockJumps?: number
  /** Times that a person pauses the run for a moment. */
  readonly pauses?: number
  readonly config?: object
  /** A checkpoint after so many versions or milliseconds: far more often than in a real run, so that faults meet it. */
  readonly checkpoint?: { readonly versions: number; readonly ms: number }
  /** What of old checkpoints is kept; as in a real run where absent. */
  readonly retention?: Retention
  /** A disk whose sync does nothing, of contents or of names. */
  readonly lying?: FaultDisk['lying']
}

/** What the volunteers saw, across all incarnations: what must be found in the log. */
export interface Witness {
  /** Training leases that were acknowledged. */
  readonly acknowledged: Set<string>
  /** Model hashes by version, as published or granted. */
  readonly served: Map<number, string>
  readonly refusals: Map<string, number>
}

export class Simulation {
  readonly options: SimulationOptions
  readonly clock: VirtualClock = createVirtualClock()
  readonly rng: Rng
  readonly disk: FaultDisk
  readonly witness: Witness = { acknowledged: new Set(), served: new Map(), refusals: new Map() }
  readonly config: RunConfig
  readonly dataset: ShardedDataset
  /** Payloads of accepted updates by hash, kept for an independent replay. */
  readonly payloads = new Map<string, Uint8Array>()
  readonly volunteers: StubVolunteer[]
  readonly network: SimulatedNetwork
  /** Which connection of each volunteer the coordinator takes for its current one. */
  readonly seats = new Map<string, number>()
  /** Of an update. */
  readonly tensors: ReturnType<typeof updateTensors>
  host: RunHost | undefined
  /** Raised at every crash: what an earlier process still does goes nowhere. */
  life = 0
  faulty = true
  /** What went wrong that no fault excuses: a coordinator could not be opened, or said two things. */
  failure: unknown
  restarts = 0
  /** How far the coordinator's clock is ahead. */
  #aheadMs = 0
  readonly #crashes: number[]

  constructor(options: SimulationOptions) {
    this.options = options
    this.rng = createRng(options.seed)
    this.config = stubConfig(options)
    this.tensors = updateTensors(STUB_LAYOUT, (this.config.strategy.corrections ?? []).map(resolveCorrection))
    this.dataset = { ...stubDataset(this.rng), ...(this.config.partition === undefined ? {} : { parts: STUB_PARTS }) }
    this.disk = createFaultDisk(() => new Promise((resolve) => void this.clock.after(this.rng.uniform() * 3, resolve)))
    this.disk.lying = options.lying
    this.network = new SimulatedNetwork(this.clock, this.rng, options)
    this.volunteers = Array.from({ length: options.volunteers ?? 3 }, (_, i) => new StubVolunteer(this, `v${i}`))
    const { crashes = 0 } = options
    this.#crashes = typeof crashes === 'number' ? Array.from({ length: crashes }, () => this.rng.integer(80)) : [...crashes]
  }

  /** Runs with faults for a while, then without. */
  async run(faultyMs: number, calmMs: number): Promise<void> {
    void this.open()
    for (const volunteer of this.volunteers) volunteer.start()
    this.network.planPartitions(this.volunteers.map(({ id }) => id), faultyMs, (id) => this.volunteers.find((volunteer) => volunteer.id === id)?.breakConnection())
    if (this.options.fullDisk === true) this.#fillDisk(faultyMs)
    for (let jump = 0; jump < (this.options.clockJumps ?? 0); jump++) this.clock.after(this.rng.uniform() * faultyMs, () => { this.#aheadMs += 300_000 * this.rng.uniform() ** 3 })
    for (let pause = 0; pause < (this.options.pauses ?? 0); pause++) this.#pauseAt(this.rng.uniform() * faultyMs)
    await this.clock.run(faultyMs)
    this.faulty = false
    this.network.faulty = false
    this.disk.full = false
    this.disk.crashAfter(Infinity)
    await this.clock.run(faultyMs + calmMs)
  }

  /** Starts a coordinator on what the disk holds. */
  async open(): Promise<void> {
    const life = ++this.life
    const crashAfter = this.faulty ? this.#crashes.shift() : undefined
    if (crashAfter !== undefined) this.disk.crashAfter(crashAfter)
    const alive = (): boolean => life === this.life
    try {
      const host = await openRun({
        dir: this.#diskOf(life), config: this.config, dataset: this.dataset, model: STUB_MODEL, retention: this.options.retention ?? DEFAULT_RETENTION,
        checkpoint: { bytes: Infinity, versions: 10, ms: 2_500, ...this.options.checkpoint },
        clock: { now: () => this.clock.now() + this.#aheadMs, after: (delayMs, run) => this.clock.after(delayMs, () => { if (alive()) run() }) },
        numeric: this.#watched(createInlineNumeric()), rng: this.rng.fork(`recheck ${life}`),
        evaluator: {
          open: async () => {},
          close: async () => {},
          evaluate: async (_, pieces) => {
            const examples = pieces.reduce((sum, { count }) => sum + count, 0)
            return { lossSum: examples / 2, correct: Math.floor(examples / 2) }
          },
        },
      })
      if (alive()) this.host = host
    } catch (error) {
      // Killed while opening: the crash has already begun the next life. A full disk: somebody starts it again.
      if (!alive()) return
      if (error instanceof ConfigError && this.disk.full) this.crash()
      else this.failure ??= error
    }
  }

  /** The power goes; some time later it is back, unless somebody else starts the coordinator. */
  crash(restart = true): void {
    this.life++
    this.host = undefined
    this.restarts++
    this.seats.clear()
    for (const volunteer of this.volunteers) volunteer.lostConnection()
    this.disk.crash(this.options.survival ?? this.rng)
    if (restart) this.clock.after(50 + this.rng.uniform() * 1000, () => void this.open())
  }

  /** A version that cannot be made would end the process. */
  #watched(numeric: Numeric): Numeric {
    return {
      ...numeric,
      apply: (version, scaleUnits) => numeric.apply(version, scaleUnits).catch((error: unknown) => {
        this.failure ??= error
        return new Promise<never>(() => {})
      }),
    }
  }

  #fillDisk(faultyMs: number): void {
    const from = this.rng.uniform() * faultyMs * 0.6
    this.clock.after(from, () => { this.disk.full = true })
    this.clock.after(from + 3000, () => { this.disk.full = false })
  }

  /** Whoever paused the run resumes it within a second, after a crash too. */
  #pauseAt(atMs: number): void {
    this.clock.after(atMs, () => void this.host?.control('pause'))
    const resume = (): void => {
      if (this.host?.status().state === 'paused') void this.host.control('resume')
      this.clock.after(1_000, resume)
    }
    this.clock.after(atMs, resume)
  }

  /** The disk as one process sees it: its crash is the process's end, so the failing call never returns. */
  #diskOf(life: number): FaultDisk {
    const guard = <A extends unknown[], R>(operation: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
      if (life !== this.life) return new Promise<never>(() => {})
      try {
        return await operation(...args)
      } catch (error) {
        if (!(error instanceof CrashError)) throw error
        if (life === this.life) this.crash()
        return new Promise<never>(() => {})
      }
    }
    const { disk } = this
    return {
      ...disk, append: guard(disk.append), write: guard(disk.write), sync: guard(disk.sync), syncDirectory: guard(disk.syncDirectory),
      read: guard(disk.read), truncate: guard(disk.truncate), rename: guard(disk.rename), remove: guard(disk.remove), list: guard(disk.list),
    }
  }

  /** The log as it lies on the disk, read without waiting for virtual time. */
  async records(): Promise<readonly LogRecord[]> {
    const { disk } = this
    const names = (folder: string): string[] => disk.paths().flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []))
    const records: LogRecord[] = []
    const peeking: Disk = { ...disk, read: async (path, offset = 0, length = Infinity) => disk.peek(path)?.subarray(offset, offset + length), list: async (folder) => names(folder) }
    await readLog(peeking, 1, (read) => void records.push(...read as readonly LogRecord[]))
    return records
  }

  sawModel(version: number, hash: string): void {
    const known = this.witness.served.get(version)
    if (known !== undefined && known !== hash) this.failure ??= new InvariantError(`V3: version ${version} must have one hash for ever, got ${known} and ${hash}.`)
    this.witness.served.set(version, hash)
  }
}

function stubConfig({ seed, schedule, config = {} }: SimulationOptions): RunConfig {
  const strategy = STUB_STRATEGIES[schedule]
  return v.parse(RunConfigSchema, {
    name: 'stub', title: 'A stub of eight params', dataset: { name: 'stub' }, model: 'stub', batchSize: 4, seed, epochs: 1000,
    strategy: { serverOptimizer: { name: 'adam', learningRate: 0.01 }, ...strategy },
    ...('work' in strategy ? { partition: { parts: STUB_PARTS.length } } : {}),
    evaluation: { everyExamples: 200, recheckFraction: 0.2 },
    ...config,
  })
}

/** Shards of odd sizes, to meet every edge. */
function stubDataset(rng: Rng): ShardedDataset {
  const split = (counts: readonly number[]): ShardedDataset['manifest']['train'] => ({
    examples: counts.reduce((a, b) => a + b, 0),
    shards: counts.map((examples) => ({ hash: '0'.repeat(64), examples, bytes: examples * 4 })),
  })
  const counts = Array.from({ length: 4 }, () => 5 + rng.integer(20))
  return {
    manifest: { name: 'stub', shape: [3], classes: 2, classNames: ['a', 'b'], scale: 1, offset: 0, train: split(counts), test: split([7, 13]) },
    file: () => new Uint8Array(0),
  }
}
