// How the updates of a round become one: begin, add each, merge partial results of threads or gateways, finish.
// The result for given updates is the same bytes in any order of adds and merges: streaming rules add integers, rules
// that see each update take them in the order of their leases.
import type * as v from 'valibot'
import type { ExactSumOptions, SumEngine, Summand } from '../exact-sum.ts'

/** Rules that do not stream keep `values`, uncopied, until `clear`: they must not change. */
export interface WeightedUpdate extends Summand {
  /** A positive integer: examples, or a real weight in units of 2^-10. Rules that do not stream count every update alike, as a weight is one more thing to lie about. */
  readonly weight: number
  /** Place in the order of leases, unique within a round (the number of its grant). Rules that do not stream need it. */
  readonly order?: number
  /** How many gradients of the start model the update amounts to, at least 1 (see localNorm in corrections/local-norm.ts). Only `nova-mean` looks at it. */
  readonly localNorm?: number
  /** Of `values` (vectors.ts), where it is known already. */
  readonly squaredNorm?: number | undefined
}

export interface AggregatorSetup {
  /** Elements of the packed params. */
  readonly size: number
  readonly exactSum: ExactSumOptions
  /** Of the run: decides what is drawn at random (buckets). */
  readonly seed?: number
  /** What rules that stream add by. */
  readonly engine?: SumEngine | undefined
}

/** Arrays [size] by name that a rule remembers from round to round. */
export type Memory = Readonly<Record<string, Float32Array>>

export interface Aggregator<State = unknown> {
  readonly name: string
  /** `sum`: sums of updates are enough, so secure aggregation can hide the single ones. `each`: every single update must be seen. */
  readonly sees: 'sum' | 'each'
  /** Whether memory stays O(model) however many updates there are; such a rule also works on a single update. */
  readonly streams: boolean
  /** Whether it asks for the `squaredNorm` of every update. */
  readonly scalesByNorm?: boolean
  /** Fewest updates for which the rule keeps its promise. */
  readonly minUpdates: number
  /** Largest number of arbitrary updates among `updates` that cannot carry the result arbitrarily far from the honest ones. */
  survives(updates: number): number
  /** Throws ConfigError where a round of `totalWeight` cannot be combined. */
  check(setup: AggregatorSetup, totalWeight: number): void
  init(setup: AggregatorSetup): State
  /** Returns how many elements were clamped, as far as they have been added. */
  add(state: State, update: WeightedUpdate): number
  merge(into: State, other: State): void
  /** The combined update, [size], and what to remember of it. `round` numbers the rounds of a run, for what is drawn at random. */
  finish(state: State, round?: number): Float32Array
  /** Ready for the next round; what is remembered stays. */
  clear(state: State): void
  /** What a checkpoint must keep: the live arrays, so copy them before the next `finish`. Empty for most rules. */
  memory(state: State): Memory
  restore(state: State, memory: Memory): void
}

/** An entry of the registry is the rule with its default options; `configure` gives it with others. */
export interface RegisteredAggregator extends Aggregator {
  readonly schema: v.GenericSchema
  /** `options` as the schema made them. */
  configure(options: unknown): Aggregator
}

/** What a run file says: a name, or a name with options. */
export type AggregatorChoice = string | { readonly name: string; readonly [option: string]: unknown }
