// A lease's slices as micro-batches of a fixed size: the last one is padded, its padding weighs nothing.
import { splitOrder } from '../data/order.ts'
import { decodeShard, fillBatch, type Shard } from '../data/shards.ts'
import type { DatasetManifest } from '../data/dataset.ts'
import { product } from '../base/math.ts'
import { present, WireError } from '../base/errors.ts'
import type { Lease, Slice } from '../wire/messages.ts'

export interface Batch {
  /** [batchSize, ...shape] */
  readonly x: Float32Array
  /** [batchSize] */
  readonly labels: Uint32Array
  /** [batchSize]: 1 for an example, 0 for padding. */
  readonly weights: Float32Array
}

export interface Source {
  readonly dataset: DatasetManifest
  readonly seed: number
  readonly batchSize: number
}

type Work = Lease['work']

/** Hashes of the shards that the slices lie in, each once. Throws WireError for a shard that does not exist. */
export function shardsOf(dataset: DatasetManifest, work: Work): readonly string[] {
  return [...new Set(work.slices.map((slice) => manifestOf(dataset, work, slice).hash))]
}

/** Yields the same arrays again and again, refilled: use them before asking for the next. */
export function* batches({ dataset, seed, batchSize }: Source, work: Work, shardBytes: (hash: string) => Uint8Array): Generator<Batch> {
  const x = new Float32Array(batchSize * product(dataset.shape))
  const labels = new Uint32Array(batchSize)
  const weights = new Float32Array(batchSize)
  let at = 0
  for (const slice of work.slices) {
    const manifest = manifestOf(dataset, work, slice)
    const shard: Shard = decodeShard(shardBytes(manifest.hash), dataset.shape, manifest.examples)
    const order = splitOrder({ split: work.split, seed, epoch: work.epoch, shard: slice.shard, examples: manifest.examples })
    for (let done = 0; done < slice.count;) {
      const count = Math.min(slice.count - done, batchSize - at)
      fillBatch({ shard, order, start: slice.start + done, count, x, labels, at, scale: dataset.scale, offset: dataset.offset })
      done += count
      at += count
      if (at === batchSize) {
        yield { x, labels, weights: weights.fill(1) }
        at = 0
      }
    }
  }
  if (at > 0) yield { x, labels, weights: weights.fill(1, 0, at).fill(0, at) }
}

function manifestOf(dataset: DatasetManifest, work: Work, { shard, start, count }: Slice): { readonly hash: string; readonly examples: number } {
  const manifest = dataset[work.split].shards[shard]
  if (manifest === undefined) throw new WireError(`slice.shard: must be below ${dataset[work.split].shards.length}, got ${shard}.`)
  if (start + count > manifest.examples) throw new WireError(`slice: must lie in the shard's ${manifest.examples} examples, got ${start} to ${start + count}.`)
  return manifest
}

/** The lease's examples in any order: gives micro-batches of those at `positions`, the last one padded, in the same arrays again and again. */
export function openExamples({ dataset, seed, batchSize }: Source, work: Work, shardBytes: (hash: string) => Uint8Array): (positions: Uint32Array) => Generator<Batch> {
  const pieces = work.slices.map((slice) => {
    const manifest = manifestOf(dataset, work, slice)
    const order = splitOrder({ split: work.split, seed, epoch: work.epoch, shard: slice.shard, examples: manifest.examples })
    return { slice, shard: decodeShard(shardBytes(manifest.hash), dataset.shape, manifest.examples), order }
  })
  const placeOf = (position: number): { readonly piece: (typeof pieces)[number]; readonly start: number } => {
    let before = 0
    const piece = present(pieces.find(({ slice }) => position < (before += slice.count)), 'example of the lease')
    return { piece, start: piece.slice.start + position - before + piece.slice.count }
  }
  const x = new Float32Array(batchSize * product(dataset.shape))
  const labels = new Uint32Array(batchSize)
  const weights = new Float32Array(batchSize)
  return function* (positions) {
    for (let first = 0; first < positions.length; first += batchSize) {
      const count = Math.min(batchSize, positions.length - first)
      for (let at = 0; at < count; at++) {
        const { piece: { shard, order }, start } = placeOf(positions[first + at]!)
        fillBatch({ shard, order, start, count: 1, x, labels, at, scale: dataset.scale, offset: dataset.offset })
      }
      yield { x, labels, weights: weights.fill(1, 0, count).fill(0, count) }
    }
  }
}
