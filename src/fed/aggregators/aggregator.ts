// How the updates of a round become one: begin, add each, merge partial results of threads or gateways, finish.
import type { ExactSumOptions } from '../exact-sum.ts'

export interface WeightedUpdate {
  /** [size], finite. */
  readonly values: Float32Array
  /** A positive integer: examples, or a real weight in units of 2^-10. */
  readonly weight: number
}

export interface AggregatorOptions {
  /** Elements of the packed params. */
  readonly size: number
  readonly exactSum: ExactSumOptions
}

export interface Aggregator<State = unknown> {
  readonly name: string
  /** `sum`: partial sums are enough. `each`: every single update must be seen, so no secure aggregation. */
  readonly sees: 'sum' | 'each'
  /** Whether the result for given updates is the same bytes in any order of adds and merges. */
  readonly orderFree: boolean
  /** Throws ConfigError where a round of `totalWeight` cannot be combined. */
  check(options: AggregatorOptions, totalWeight: number): void
  init(options: AggregatorOptions): State
  /** Returns how many elements were clamped. */
  add(state: State, update: WeightedUpdate): number
  merge(into: State, other: State): void
  /** The combined update, [size]. */
  finish(state: State): Float32Array
  /** Ready for the next round. */
  clear(state: State): void
}
