// `npm run bench -- async`: virtual time until a model has learned, where volunteers are unequal: buffered and asynchronous
// updates against rounds, in the simulator. What the file of results has already is not run again.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { loadDataset } from '../../../server/datasets.ts'
import type { SimulationReport } from '../../../server/simulate/report.ts'
import { simulate } from '../../../server/simulate/simulate.ts'
import { DEFAULT_WORLD, type World } from '../../../server/simulate/world.ts'
import { present } from '../../../src/base/errors.ts'
import type { ByteDataset } from '../../../src/data/dataset.ts'
import { shardDataset, shardParts, type ShardedDataset } from '../../../src/data/shards.ts'
import type { RunConfig } from '../../../src/wire/run-config.ts'
import { parseCommandLine } from '../../command-line.ts'
import { printTable } from '../report.ts'
import { firstCrossing } from '../trials/crossing.ts'
import { interruption } from '../trials/interruption.ts'
import { machine } from '../trials/machine.ts'
import { CONTESTANTS, TARGET, VOLUNTEERS, type Contestant } from './contestants.ts'

export const ASYNC_USAGE = `npm run bench -- async [options]
  --data-dir DIR     the folder of MNIST (or DATA_DIR)
  --json FILE        where results are kept; what it has is not run again (.commonweight/bench/async.json)
  --max-minutes N    stop then, to go on another time; the run under way begins anew`

/** Learning rates are chosen by one seed, and measured by others. */
const TUNING_SEED = 1
const SEEDS = [7, 8, 9]
/** Everybody stays, or one lease in twenty is lost. */
const DROPOUTS = [0.05, 0]
/** Whoever takes longer has missed the target. */
const MOST_SECONDS = 5_000

/** Speeds spread 1:10; bandwidths and latency as ever. */
const worldOf = (dropout: number): World => ({ ...DEFAULT_WORLD, speedSpread: 10, dropout })

interface AsyncRun {
  readonly contestant: string
  readonly learningRate: number
  readonly dropout: number
  readonly seed: number
  /** Virtual, until the target; null where it was missed or given up. */
  readonly seconds: number | null
  readonly outcome: SimulationReport['outcome']
  readonly versions: number
  readonly accepted: number
  readonly expired: number
  readonly dropouts: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly virtualSeconds: number
  readonly wallSeconds: number
  readonly curve: readonly (readonly [virtualSeconds: number, accuracy: number])[]
}

interface Results {
  readonly machine: string
  readonly target: number
  readonly volunteers: number
  readonly world: World
  readonly runs: readonly AsyncRun[]
}

interface Surroundings {
  readonly results: { runs: readonly AsyncRun[]; add(run: AsyncRun): void }
  readonly dataset: (config: RunConfig) => Promise<ShardedDataset>
  readonly shouldStop: () => boolean
}

export async function asynchrony(args: readonly string[]): Promise<void> {
  const { values } = parseCommandLine({ args: [...args], options: { 'data-dir': { type: 'string' }, json: { type: 'string', default: '.commonweight/bench/async.json' }, 'max-minutes': { type: 'string' }, help: { type: 'boolean', default: false } } })
  if (values.help) return console.log(ASYNC_USAGE)
  const surroundings: Surroundings = { results: keptIn(values.json), dataset: reader(values['data-dir'] ?? process.env['DATA_DIR']), shouldStop: interruption(values['max-minutes']) }
  const tuned = new Map<string, number>()
  for (const contestant of CONTESTANTS) {
    const learningRate = await tune(contestant, surroundings)
    if (learningRate !== undefined) tuned.set(contestant.name, learningRate)
  }
  for (const dropout of DROPOUTS) for (const seed of SEEDS) for (const contestant of CONTESTANTS) {
    const learningRate = tuned.get(contestant.name)
    if (learningRate !== undefined) await measure(contestant, { learningRate, dropout, seed, mostSeconds: MOST_SECONDS }, surroundings)
  }
  for (const dropout of DROPOUTS) print(dropout, tuned, surroundings.results.runs)
}

/** The rate that reaches the target first; undefined where it was interrupted, or none does. A rate is given up once it is slower than another. */
async function tune(contestant: Contestant, surroundings: Surroundings): Promise<number | undefined> {
  let best: { readonly learningRate: number; readonly seconds: number } | undefined
  for (const learningRate of contestant.rates) {
    const run = await measure(contestant, { learningRate, dropout: DROPOUTS[0]!, seed: TUNING_SEED, mostSeconds: best?.seconds ?? MOST_SECONDS }, surroundings)
    if (run === undefined) return undefined
    if (run.seconds !== null && run.seconds < (best?.seconds ?? Infinity)) best = { learningRate, seconds: run.seconds }
  }
  return best?.learningRate
}

interface Trial {
  readonly learningRate: number
  readonly dropout: number
  readonly seed: number
  readonly mostSeconds: number
}

/** Undefined where it was interrupted. */
async function measure(contestant: Contestant, { learningRate, dropout, seed, mostSeconds }: Trial, { results, dataset, shouldStop }: Surroundings): Promise<AsyncRun | undefined> {
  const known = results.runs.find((run) => run.contestant === contestant.name && run.learningRate === learningRate && run.dropout === dropout && run.seed === seed)
  if (known !== undefined || shouldStop()) return known
  const config = contestant.config(learningRate, seed)
  const interrupt = new AbortController()
  const report = await simulate({
    config, dataset: await dataset(config), volunteers: VOLUNTEERS, seed, world: worldOf(dropout), evaluation: contestant.evaluation, maxVirtualSeconds: mostSeconds, signal: interrupt.signal,
    stop: ({ evaluation }) => evaluation !== undefined && evaluation.accuracy >= TARGET,
    onProgress: () => { if (shouldStop()) interrupt.abort() },
  })
  if (report.outcome === 'interrupted') return undefined
  const run = runOf(report, contestant.name, learningRate)
  results.add(run)
  console.log(`${contestant.name}, rate ${learningRate}, dropout ${dropout}, seed ${seed}: ${run.seconds === null ? `${report.outcome} at ${report.virtualSeconds} virtual s` : `${run.seconds.toFixed(1)} virtual s`}, ${run.versions} versions, took ${run.wallSeconds.toFixed(0)} s`)
  return run
}

/** Reads the files once. */
function reader(dataDir: string | undefined): Surroundings['dataset'] {
  let whole: Promise<ByteDataset> | undefined
  return async ({ dataset, partition, seed }) => {
    const bytes = await (whole ??= loadDataset(dataset, dataDir, seed))
    return partition === undefined ? shardDataset(bytes, seed) : shardParts(bytes, partition, seed)
  }
}

function runOf({ curve, outcome, seed, world, versions, leases, dropouts, bytesUp, bytesDown, virtualSeconds, wallSeconds }: SimulationReport, contestant: string, learningRate: number): AsyncRun {
  const seconds = firstCrossing(curve.map((point) => ({ round: point.virtualSeconds, accuracy: point.accuracy })), TARGET) ?? null
  return {
    contestant, learningRate, dropout: world.dropout, seed, seconds, outcome, versions, accepted: leases.accepted, expired: leases.expired, dropouts, bytesUp, bytesDown, virtualSeconds, wallSeconds,
    curve: curve.map((point) => [point.virtualSeconds, point.accuracy]),
  }
}

function keptIn(path: string): Surroundings['results'] {
  const kept: Surroundings['results'] = {
    runs: existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results).runs : [],
    add(run) {
      kept.runs = [...kept.runs, run]
      const results: Results = { machine: machine(), target: TARGET, volunteers: VOLUNTEERS, world: worldOf(DROPOUTS[0]!), runs: kept.runs }
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`)
    },
  }
  return kept
}

function print(dropout: number, tuned: ReadonlyMap<string, number>, runs: readonly AsyncRun[]): void {
  const of = ({ name }: Contestant): readonly AsyncRun[] => runs.filter((run) => run.contestant === name && run.learningRate === tuned.get(name) && run.dropout === dropout && SEEDS.includes(run.seed))
  const mean = (of: readonly AsyncRun[], figure: (run: AsyncRun) => number): number => of.reduce((sum, run) => sum + figure(run), 0) / of.length
  const timeOf = (contestant: Contestant): number => mean(of(contestant), ({ seconds }) => seconds ?? Infinity)
  const slowest = timeOf(present(CONTESTANTS[0], 'contestant'))
  console.log(`\nVirtual seconds until ${TARGET * 100}% of MNIST's test images, 2NN, ${VOLUNTEERS} volunteers, speeds 1:10, dropout ${dropout}, seeds ${SEEDS.join(', ')}\n`)
  printTable(['', 'rate', 'seconds', 'each seed', 'times faster', 'versions', 'updates', 'MB up'], CONTESTANTS.map((contestant) => {
    const own = of(contestant), figure = (value: number, digits = 0): string => Number.isFinite(value) ? value.toFixed(digits) : '-'
    return [
      contestant.title, String(tuned.get(contestant.name) ?? '-'), figure(timeOf(contestant)), own.map(({ seconds }) => figure(seconds ?? Infinity)).join(' '), figure(slowest / timeOf(contestant), 2),
      figure(mean(own, ({ versions }) => versions)), figure(mean(own, ({ accepted }) => accepted)), figure(mean(own, ({ bytesUp }) => bytesUp / 1e6)),
    ]
  }))
}
