// How a training split is divided among volunteers that each own a part of it: to train on what they own, and to see in
// a simulation what becomes of a strategy when nobody's data look like everybody's. Only the coordinator divides, as
// logarithms may differ between engines in their last bit.
import type * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import type { Rng } from '../../base/rng.ts'

export interface PartitionInput {
  /** [examples] The class of each example. */
  readonly labels: ArrayLike<number>
  readonly classes: number
  /** How many volunteers get a part. */
  readonly parts: number
  readonly rng: Rng
  /** [parts] Examples per second, in any unit; only `by-speed` needs them. */
  readonly speeds?: readonly number[]
}

/** Examples of each part, by their index in `labels`: each in exactly one. */
export type Parts = readonly Uint32Array[]

export interface Partitioner<Options = unknown> {
  readonly name: string
  readonly schema: v.GenericSchema<unknown, Options>
  /** Throws ConfigError where it cannot be done. No part is empty. */
  divide(input: PartitionInput, options: Options): Parts
}

/** What a run file says: a name, or a name with options. */
export type PartitionChoice = string | { readonly name: string; readonly [option: string]: unknown }

export interface Partition {
  /** Ascending within a part. */
  readonly parts: Parts
  /** [parts][classes] How many examples of each class a part has: what the dashboard draws. */
  readonly histogram: readonly Uint32Array[]
  /** [examples] All examples, part after part: a split stored in this order has each part in one piece. */
  readonly order: Uint32Array
}

export function describeParts(parts: Parts, { labels, classes }: PartitionInput): Partition {
  const order = new Uint32Array(labels.length)
  let at = 0
  const histogram = parts.map((part) => {
    order.set(part, at)
    at += part.length
    const counts = new Uint32Array(classes)
    for (const example of part) counts[labels[example]!]!++
    return counts
  })
  return { parts, histogram, order }
}

/** Consecutive pieces of `order` of these sizes. */
export function cut(order: Uint32Array, sizes: readonly number[]): Uint32Array[] {
  let at = 0
  return sizes.map((size) => order.slice(at, (at += size)))
}

/** Whole numbers near `weights` in proportion that sum to `total` (largest remainders), none of them zero while there is enough for all. */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  const exact = weights.map((weight) => (total * weight) / sum)
  const sizes = exact.map(Math.floor)
  const byRemainder = exact.map((_, i) => i).sort((a, b) => (exact[b]! - sizes[b]!) - (exact[a]! - sizes[a]!) || a - b)
  let left = total - sizes.reduce((a, b) => a + b, 0)
  for (let i = 0; left > 0; i = (i + 1) % sizes.length, left--) sizes[byRemainder[i]!]!++
  for (let i = 0; i < sizes.length; i++) {
    const largest = sizes.indexOf(Math.max(...sizes))
    if (sizes[i] === 0 && sizes[largest]! > 1) {
      sizes[largest]!--
      sizes[i]!++
    }
  }
  return sizes
}

export const equalSizes = (total: number, count: number): number[] => apportion(total, Array.from({ length: count }, () => 1))

export function requireWeights(weights: readonly number[] | undefined, parts: number, subject: string): readonly number[] {
  if (weights?.length === parts && weights.every((weight) => Number.isFinite(weight) && weight > 0)) return weights
  throw new ConfigError(`${subject}: must be ${parts} positive numbers, one for each volunteer, got ${weights === undefined ? 'nothing' : weights.length === parts ? weights.join(', ') : `${weights.length} of them`}. Give one for each.`)
}
