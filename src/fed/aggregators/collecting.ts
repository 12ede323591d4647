// What aggregators share that must see each update: they keep all of a round, sort them by lease, may average them in
// random buckets first (Karimireddy, He and Jaggi 2022, arXiv 2006.09365: honest updates that differ much, as those of
// volunteers with different data do, look alike after it), and then apply their rule.
import * as v from 'valibot'
import { ConfigError, invariant, present } from '../../base/errors.ts'
import { ceilDiv } from '../../base/math.ts'
import { createRng, permutation } from '../../base/rng.ts'
import type { Aggregator, AggregatorSetup, Memory, RegisteredAggregator, WeightedUpdate } from './aggregator.ts'
import { register } from './streaming.ts'
import { plainMean } from './vectors.ts'

export interface Rule<Options> {
  readonly name: string
  minUpdates(options: Options): number
  survives(options: Options, updates: number): number
  /** Names of arrays [size] kept from round to round, zero in the beginning. */
  readonly slots?: readonly string[]
  /** The combined update, [size]. `updates` are at least one, in lease order, and not to be changed; `slots` are. */
  combine(updates: readonly Float32Array[], options: Options, slots: Memory): Float32Array
}

interface Collection {
  readonly setup: AggregatorSetup
  readonly updates: { readonly order: number; readonly values: Float32Array }[]
  readonly slots: Memory
}

const bucketing = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 1)

/** Schema of a rule's options, with `bucketing`: this many updates, drawn at random, are averaged into one before the rule sees them. */
export const ruleOptions = <E extends v.ObjectEntries>(entries: E) => v.strictObject({ ...entries, bucketing })

export function collecting<S extends v.GenericSchema<unknown, { readonly bucketing: number }>>(schema: S, rule: Rule<v.InferOutput<S>>): RegisteredAggregator {
  return register(schema, (options) => bind(rule, options))
}

function bind<Options extends { readonly bucketing: number }>(rule: Rule<Options>, options: Options): Aggregator<Collection> {
  const slotNames = rule.slots ?? []
  return {
    name: rule.name,
    sees: 'each',
    streams: false,
    // The last bucket may be smaller: it still is one.
    minUpdates: (rule.minUpdates(options) - 1) * options.bucketing + 1,
    // In the worst case every arbitrary update spoils a bucket of its own.
    survives: (updates) => Math.max(0, rule.survives(options, ceilDiv(updates, options.bucketing))),
    check: checkBound,
    init: (setup) => ({ setup, updates: [], slots: Object.fromEntries(slotNames.map((name) => [name, new Float32Array(setup.size)])) }),
    add,
    merge: (into, other) => { into.updates.push(...other.updates) },
    finish: (state, round = 0) => rule.combine(inBuckets(inOrder(state), options.bucketing, `buckets/${state.setup.seed ?? 0}/${round}`), options, state.slots),
    clear: ({ updates }) => { updates.length = 0 },
    memory: ({ slots }) => slots,
    restore(state, memory) {
      for (const name of slotNames) {
        const saved = present(memory[name], `${rule.name}: remembered ${name}`)
        invariant(saved.length === state.setup.size, `${rule.name}: must restore ${state.setup.size} elements of ${name}, got ${saved.length}.`)
        state.slots[name]!.set(saved)
      }
    },
  }
}

/** Sums of squares must stay finite. */
function checkBound({ size, exactSum: { bound } }: AggregatorSetup): void {
  if (Number.isFinite(4 * size * bound * bound)) return
  throw new ConfigError(`exactSum.bound: must leave distances between updates finite, got ${bound}. Lower it to 1e15 or less.`)
}

function add({ setup, updates }: Collection, { values, order }: WeightedUpdate): number {
  invariant(values.length === setup.size, `update: must have ${setup.size} values, got ${values.length}.`)
  invariant(order !== undefined, 'update: must have the order of its lease, as this aggregator sees each update.')
  const { bound } = setup.exactSum
  let clamped = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > bound || values[i]! < -bound) clamped++
  updates.push({ order, values: clamped === 0 ? values : values.map((value) => Math.min(bound, Math.max(-bound, value))) })
  return clamped
}

function inOrder({ updates }: Collection): readonly Float32Array[] {
  invariant(updates.length > 0, 'aggregator: must have an update before it finishes, got none.')
  const sorted = [...updates].sort((a, b) => a.order - b.order)
  for (let i = 1; i < sorted.length; i++) invariant(sorted[i]!.order !== sorted[i - 1]!.order, `update: must have an order of its own, got ${sorted[i]!.order} twice.`)
  return sorted.map(({ values }) => values)
}

function inBuckets(updates: readonly Float32Array[], bucketSize: number, seed: string): readonly Float32Array[] {
  if (bucketSize === 1) return updates
  const order = permutation(createRng(seed), updates.length)
  return Array.from({ length: ceilDiv(updates.length, bucketSize) }, (_, bucket) =>
    plainMean(Array.from(order.subarray(bucket * bucketSize, (bucket + 1) * bucketSize), (i) => updates[i]!)))
}
