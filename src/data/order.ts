// The order in which an epoch visits the examples of a shard. Coordinator, volunteers and tests derive it from the
// run's seed, so that a lease needs to name only { shard, start, count }: positions start..start + count of that order.
import { createRng, permutation } from '../base/rng.ts'

export type Split = 'train' | 'test'

/** Order of a training shard's examples in an epoch: a permutation of 0..examples-1. */
export function shardOrder(seed: number, epoch: number, shard: number, examples: number): Uint32Array {
  return permutation(createRng(`shard-order/${seed}/${epoch}/${shard}`), examples)
}

/** The test split is evaluated whole, so its order is the file's. */
export function identityOrder(examples: number): Uint32Array {
  return Uint32Array.from({ length: examples }, (_, i) => i)
}

export function splitOrder(place: { readonly split: Split; readonly seed: number; readonly epoch: number; readonly shard: number; readonly examples: number }): Uint32Array {
  return place.split === 'train' ? shardOrder(place.seed, place.epoch, place.shard, place.examples) : identityOrder(place.examples)
}
