// A whole run in one process and in virtual time: the real coordinator and the real volunteer core, with simulated devices,
// connections and people around them. The same options give the same report, byte for byte but for `wallSeconds`.
import { ConfigError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import type { ShardedDataset } from '../../src/data/shards.ts'
import type { Attack } from '../../src/fed/attacks.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { memoryStore } from '../../src/volunteer/byte-store.ts'
import type { RunStatus } from '../../src/wire/dashboard.ts'
import type { RefusalCode } from '../../src/wire/messages.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { openRun } from '../coordinator/open-run.ts'
import { createVirtualClock, type VirtualClock } from '../coordinator/virtual-clock.ts'
import { createInlineEvaluator, createInlineNumeric } from '../numeric/inline.ts'
import type { RunHost } from '../run-host.ts'
import { createMemoryDisk, type MemoryDisk } from '../store/memory-disk.ts'
import { createCompiler } from './compiler.ts'
import { createConspiracy } from './conspiracy.ts'
import { createDeviceShop } from './device.ts'
import { createExaminer, type EvaluationCadence, type Examiner } from './examiner.ts'
import { createSimulationReport, type SimulatedPoint, type SimulationOutcome, type SimulationReport } from './report.ts'
import { loadSimulation, saveSimulation, type SavedCounts } from './saved.ts'
import { SimulatedVolunteer } from './volunteer.ts'
import { ARRIVAL_MS, DEFAULT_WORLD, drawTraits, type Traits, type World } from './world.ts'

export interface SimulateOptions {
  readonly config: RunConfig
  /** In parts where the config divides it. */
  readonly dataset: ShardedDataset
  /** The zoo's model named in the config where absent. */
  readonly model?: ModelSpec
  readonly volunteers: number
  /** Decides who the volunteers are and what becomes of them; `config.seed` decides the model and the order of the data. */
  readonly seed: number
  /** What differs from DEFAULT_WORLD. */
  readonly world?: Partial<World>
  /** When the model is evaluated on the whole test split. Each round, or as often as the config says outside of rounds, where absent. */
  readonly evaluation?: EvaluationCadence
  /** Looked at after each version and evaluation; `status.evaluation` is the last point of the curve. */
  readonly stop?: (status: RunStatus) => boolean
  readonly maxVirtualSeconds?: number
  /** Some volunteers attack: so many, drawn at random, or whoever has a lease of one of these parts of the data. */
  readonly attack?: { readonly attackers: number | { readonly parts: readonly number[] }; readonly attack: Attack }
  /** A file that it goes on from, where there is one, and is saved to every few minutes and at its end. */
  readonly saveTo?: string
  /** Ends it early, with a report of what there is. */
  readonly signal?: AbortSignal
  /** Heard at each look. */
  readonly onProgress?: (status: RunStatus, virtualSeconds: number) => void
}

const SAVE_EVERY_MS = 120_000
/** What all volunteers together remember: a hundred parts of models of five million params. */
const MOST_STATE_BYTES = 2 ** 31
/** Besides new versions and evaluations, the run is looked at this often. */
const LOOK_MS = 1_000

/** Throws ConfigError where the run or the world cannot be. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const simulation = await Simulation.open(options)
  const report = await simulation.run().finally(() => simulation.close())
  if (options.saveTo !== undefined) simulation.save()
  return report
}

interface Parts {
  readonly world: World
  readonly traits: readonly Traits[]
  readonly clock: VirtualClock
  readonly host: RunHost
  readonly examiner: Examiner
  readonly leased: boolean
  readonly disk: MemoryDisk
  /** What volunteers remember, at most MOST_STATE_BYTES. */
  readonly states: Map<string, Uint8Array>
  /** What the simulation is of, for those who go on with it. */
  readonly subject: string
  /** Of earlier stretches. */
  readonly before: SavedCounts
}

const NOTHING: SavedCounts = { bytesDown: 0, expired: 0, refused: {}, dropouts: 0, virtualMs: 0, wallSeconds: 0, points: [] }

class Simulation {
  readonly #options: SimulateOptions
  readonly #parts: Parts
  readonly #startedMs: number
  #savedMs: number
  #dropouts: number
  /** Why a lease was given back last. */
  #reason = ''
  #failure: Error | undefined
  #outcome: SimulationOutcome | undefined
  #looked = { version: -1, points: -1, ms: -Infinity }

  private constructor(options: SimulateOptions, parts: Parts, startedMs: number) {
    this.#options = options
    this.#parts = parts
    this.#startedMs = this.#savedMs = startedMs
    this.#dropouts = parts.before.dropouts
  }

  static async open(options: SimulateOptions): Promise<Simulation> {
    const { config, dataset, volunteers, seed, attack } = options
    const startedMs = performance.now()
    const attackers = typeof attack?.attackers === 'number' ? attack.attackers : 0
    if (attackers >= volunteers) throw new ConfigError(`attackers: must be fewer than the ${volunteers} volunteers, got ${attackers}.`)
    const world = { ...DEFAULT_WORLD, ...options.world }
    const subject = JSON.stringify([config, volunteers, seed, world, attack?.attackers ?? 0, options.evaluation])
    const saved = options.saveTo === undefined ? undefined : loadSimulation(options.saveTo, subject)
    const before = saved?.counts ?? NOTHING
    const disk = createMemoryDisk(saved?.files)
    const traits = drawTraits(world, { volunteers, attackers, seed, startMs: before.virtualMs })
    const clock = createVirtualClock(before.virtualMs)
    const cadence = options.evaluation ?? (inRounds(config.strategy.schedule) ? { everyVersions: 1 } : { everyExamples: config.evaluation.everyExamples })
    const leased = cadence === 'leased'
    const evaluator = createInlineEvaluator()
    const examiner = createExaminer({ cadence, evaluator, dataset, clock, known: before.points })
    const host = await openRun({
      dir: disk, dataset, clock, numeric: examiner.watch(createInlineNumeric()), evaluator, rng: createRng(`simulate/${seed}/coordinator from ${before.virtualMs}`),
      config: leased ? config : { ...config, evaluation: { ...config.evaluation, everyExamples: Number.MAX_SAFE_INTEGER } },
      ...(options.model === undefined ? {} : { model: options.model }),
    })
    if (saved !== undefined) {
      // Everybody comes first, so that whoever knows a part of the data gets it.
      await host.control('pause')
      clock.after(ARRIVAL_MS + LOOK_MS, () => void host.control('resume'))
    }
    examiner.begin(host)
    return new Simulation(options, { world, traits, clock, host, examiner, leased, disk, states: saved?.states ?? new Map(), subject, before }, startedMs)
  }

  async run(): Promise<SimulationReport> {
    const { traits, clock, world, host, states } = this.#parts
    const { attack, dataset, maxVirtualSeconds = Infinity } = this.#options
    const around = {
      host, clock, world, states: memoryStore(MOST_STATE_BYTES, states), devices: await createDeviceShop(), compile: createCompiler(),
      conspiracy: attack === undefined ? undefined : createConspiracy(attack.attack, dataset.manifest.classes), attackedShards: shardsOfParts(this.#options),
      onDropout: () => { this.#dropouts++ },
      onRelease: (why: string) => { this.#reason = why },
      onFailure: (message: string) => { this.#failure ??= new ConfigError(message) },
    }
    for (const each of traits) clock.after(each.arrivalMs, () => new SimulatedVolunteer(each, around).arrive())
    await clock.run(maxVirtualSeconds * 1000, () => this.#isOver())
    if (this.#failure !== undefined) throw this.#failure
    return this.#report(this.#outcome ?? 'too-late')
  }

  async close(): Promise<void> {
    const { host, clock } = this.#parts
    if (this.#options.saveTo !== undefined && this.#failure === undefined) {
      // Volunteers still hear of what was accepted, so that they remember it.
      await host.control('pause')
      await clock.run(clock.now() + LOOK_MS)
    }
    // Closed, it needs no updates to go on, only its last checkpoint.
    await host.close()
  }

  save(): void {
    const { saveTo = '' } = this.#options
    const { disk, states, subject, clock } = this.#parts
    const { bytesDown, expired, refused } = this.#status()
    saveSimulation(saveTo, { subject, disk, states, counts: { bytesDown, expired, refused, dropouts: this.#dropouts, virtualMs: clock.now(), wallSeconds: this.#wallSeconds, points: this.#points() } })
    this.#savedMs = performance.now()
  }

  get #wallSeconds(): number {
    return this.#parts.before.wallSeconds + (performance.now() - this.#startedMs) / 1000
  }

  #isOver(): boolean {
    const { clock, examiner } = this.#parts
    if (this.#failure !== undefined) return true
    if (this.#options.signal?.aborted === true) this.#outcome = 'interrupted'
    const points = this.#parts.leased ? this.#parts.host.curve().length : examiner.points.length
    const { version, points: seen, ms } = this.#looked
    if (this.#outcome === undefined && (examiner.version !== version || points !== seen || clock.now() - ms >= LOOK_MS)) {
      this.#looked = { version: examiner.version, points, ms: clock.now() }
      this.#outcome = this.#look()
    }
    return this.#outcome !== undefined
  }

  #look(): SimulationOutcome | undefined {
    const { stop, onProgress } = this.#options
    const status = this.#status()
    onProgress?.(status, this.#parts.clock.now() / 1000)
    if (this.#options.saveTo !== undefined && performance.now() - this.#savedMs >= SAVE_EVERY_MS) this.save()
    if (stop?.(status) === true) return 'met'
    if (status.state === 'finished') return 'finished'
    return status.state === 'paused' && status.reason.code === 'diverged' ? 'diverged' : undefined
  }

  /** With the last evaluation that was made. */
  #status(): RunStatus {
    const { host, leased, before } = this.#parts
    const now = host.status(), last = this.#points().at(-1)
    const refused = Object.fromEntries([...new Set([...Object.keys(before.refused), ...Object.keys(now.refused)] as RefusalCode[])].map((code) => [code, (before.refused[code] ?? 0) + (now.refused[code] ?? 0)]))
    const status = { ...now, bytesDown: before.bytesDown + now.bytesDown, expired: before.expired + now.expired, refused }
    if (leased || last === undefined) return status
    return { ...status, evaluation: { loss: last.loss, accuracy: last.accuracy, examples: this.#options.dataset.manifest.test.examples, modelVersion: last.version } }
  }

  #points(): readonly SimulatedPoint[] {
    const { leased, host, examiner } = this.#parts
    if (!leased) return examiner.points
    return host.curve().flatMap(({ modelVersion, seconds, examples, loss, accuracy }) => loss === undefined || accuracy === undefined ? [] : [{ version: modelVersion, virtualSeconds: seconds, examples, loss, accuracy }])
  }

  #report(outcome: SimulationOutcome): SimulationReport {
    const { config, seed, attack } = this.#options
    const { world, traits, clock } = this.#parts
    return createSimulationReport({
      config, seed, world, outcome, reason: outcome === 'diverged' ? this.#reason : '', status: this.#status(), virtualSeconds: clock.now() / 1000, dropouts: this.#dropouts,
      curve: this.#points(), speeds: traits.map(({ examplesPerSecond }) => examplesPerSecond), attackers: typeof attack?.attackers === 'object' ? attack.attackers.parts.length : attack?.attackers ?? 0,
      wallSeconds: this.#wallSeconds,
    })
  }
}

/** Training shards of the parts of the data whose owners attack. */
function shardsOfParts({ attack, dataset }: SimulateOptions): ReadonlySet<number> {
  const parts = typeof attack?.attackers === 'object' ? attack.attackers.parts : []
  return new Set(parts.flatMap((part) => {
    const shards = dataset.parts?.[part]
    if (shards === undefined) throw new ConfigError(`attackers.parts: must be among the ${dataset.parts?.length ?? 0} parts of the data, got ${part}. Name others, or divide the data.`)
    return shards
  }))
}
