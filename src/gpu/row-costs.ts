// What rows cost, measured or guessed: the tuner's arithmetic.
import type { Dims, Kernel } from '../kernels/kernel.ts'
import type { Compiled } from './pipelines.ts'
import type { RememberedRow } from './tuning-store.ts'
import type { Variant } from './wgsl.ts'

export interface MeasuredRow {
  readonly variant: Variant
  /** One call. */
  readonly ms: number
  /** What its pipelines took to make. */
  readonly compileMs: number
  /** The same for each of them; absent where an earlier visit measured it. */
  readonly compiled?: readonly Compiled[]
}

export const isMeasured = (row: RememberedRow): row is MeasuredRow => row.ms !== undefined && row.compileMs !== undefined

/**
 * A software adapter compiles on the processor, one row after the other, and a long one for half a second: there it must earn
 * that within so much training. GPUs' drivers compile side by side, and browsers keep what they made.
 */
const EARNED_WITHIN_MS = 20_000

/** Milliseconds of a step that a row costs where the step takes `stepMs` and calls it so often; 0: compiling costs nothing. */
export const costInStep = ({ ms, compileMs }: Pick<MeasuredRow, 'ms' | 'compileMs'>, calls: number, stepMs: number): number =>
  calls * ms + compileMs * stepMs / EARNED_WITHIN_MS

/** Milliseconds of one core, of two, that a row costs a first step: a software adapter compiles on one core and runs on all. */
export const costOfFirst = ({ ms, compileMs }: Pick<MeasuredRow, 'ms' | 'compileMs'>, calls: number): number => compileMs + 2 * calls * ms

/** A row that a kind of calls could begin with, and what its pipelines take to make. */
export interface Candidate<Row> {
  readonly row: Row
  /** One call. */
  readonly ms: number
  readonly compiled: readonly Compiled[]
}

/** Calls of one kind, computed by one of the candidates in so many runs. */
export interface Starting<Row> {
  readonly candidates: readonly Candidate<Row>[]
  readonly calls: number
}

/**
 * The rows that make a first step the shortest, one for each kind: rows of several kinds may share a pipeline, which is compiled
 * once. At first each pays its part of what all could share, then only what no other's choice has compiled.
 */
export function startersOf<Row, Kind extends Starting<Row>>(kinds: readonly Kind[]): ReadonlyMap<Kind, Row> {
  const codes = (candidates: readonly Candidate<Row>[]): ReadonlySet<string> => new Set(candidates.flatMap(({ compiled }) => compiled.map(({ code }) => code)))
  const sharers = new Map<string, number>()
  for (const { candidates } of kinds) for (const code of codes(candidates)) sharers.set(code, (sharers.get(code) ?? 0) + 1)
  const cheapest = ({ candidates, calls }: Kind, msOf: (compiled: Compiled) => number): Candidate<Row> => {
    const cost = ({ ms, compiled }: Candidate<Row>): number => costOfFirst({ ms, compileMs: compiled.reduce((sum, each) => sum + msOf(each), 0) }, calls)
    return [...candidates].sort((a, b) => cost(a) - cost(b))[0]!
  }
  const starters = new Map(kinds.map((kind) => [kind, cheapest(kind, ({ code, ms }) => ms / sharers.get(code)!)]))
  for (const kind of kinds) {
    const others = codes([...starters].flatMap(([other, candidate]) => (other === kind ? [] : [candidate])))
    starters.set(kind, cheapest(kind, ({ code, ms }) => (others.has(code) ? 0 : ms)))
  }
  return new Map([...starters].map(([kind, { row }]) => [kind, row]))
}

/** Multiply-adds count by themselves, and elements as what it costs to fetch them. */
export function guessedWork(kernel: Kernel, dims: Dims): number {
  const elements = Object.values(kernel.buffers).filter(({ bound }) => bound?.(dims) ?? true).reduce((sum, { length }) => sum + length(dims), 0)
  return kernel.flops(dims) + 4 * elements
}

/** An algorithm whose likeliest row is this many times slower than the best so far is not tried further. */
const HOPELESS = 2

/** Whether a row need not be timed, as others of its algorithm are far behind. */
export function isHopeless(timed: readonly MeasuredRow[], { algorithm }: Variant): boolean {
  const own = timed.filter(({ variant }) => variant.algorithm === algorithm).map(({ ms }) => ms)
  return own.length > 0 && Math.min(...own) > HOPELESS * Math.min(...timed.map(({ ms }) => ms))
}
