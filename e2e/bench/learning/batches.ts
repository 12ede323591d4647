// From splits in memory to batches in a seeded order.
import { createRng, permutation } from '../../../src/base/rng.ts'
import type { ByteDataset, ByteSplit } from '../../../src/data/dataset.ts'
import type { Examples } from '../../../src/engine.ts'
import type { HostArray } from '../../../src/graph/plan.ts'

/** Scaled values as x, labels as labels. */
export function imagesOf({ scale, offset }: Pick<ByteDataset, 'scale' | 'offset'>, { values, labels }: ByteSplit): Examples {
  return { x: Float32Array.from(values, (value) => value * scale + offset), labels: Uint32Array.from(labels) }
}

/** Steps of one epoch; the last batch may be smaller than the others. */
export const stepsPerEpoch = (count: number, batchSize: number): number => Math.ceil(count / batchSize)

/** Batches by step number: in each epoch every one of `count` examples once, in an order that `seed` and epoch decide. */
export function epochs(examples: Examples, count: number, batchSize: number, seed: string): (step: number) => Examples {
  const steps = stepsPerEpoch(count, batchSize)
  let shuffled: { readonly epoch: number; readonly order: Uint32Array } | undefined
  return (step) => {
    const epoch = Math.floor(step / steps)
    if (shuffled?.epoch !== epoch) shuffled = { epoch, order: permutation(createRng(`${seed} ${epoch}`), count) }
    const from = (step % steps) * batchSize
    return gather(examples, count, shuffled.order.subarray(from, from + batchSize))
  }
}

/** Of `count` examples those numbered `indices`, in that order. */
function gather(examples: Examples, count: number, indices: Uint32Array): Examples {
  return Object.fromEntries(Object.entries(examples).map(([name, whole]) => {
    const size = whole.length / count
    const part = new (whole.constructor as new (length: number) => HostArray)(indices.length * size)
    indices.forEach((index, i) => part.set(whole.subarray(index * size, (index + 1) * size), i * size))
    return [name, part]
  }))
}
