// Shards: a data set cut into immutable files, addressed by their SHA-256 (layout in dataset.ts), and the fast path from
// a shard's bytes to a micro-batch of floats. The training split is shuffled once with the run's seed, so that every
// shard is a fair sample; the test split keeps its order.
import { WireError } from '../base/errors.ts'
import { product } from '../base/math.ts'
import { createRng, permutation } from '../base/rng.ts'
import type { ByteDataset, ByteSplit, DatasetManifest, ShardManifest, SplitManifest } from './dataset.ts'
import { identityOrder } from './order.ts'
import { dividePartition } from './partition/index.ts'
import type { PartitionChoice } from './partition/partition.ts'

/** Views into a shard file's bytes. */
export interface Shard {
  readonly examples: number
  /** Values of one example: product(shape). */
  readonly exampleSize: number
  /** [examples, ...shape] */
  readonly values: Uint8Array
  /** [examples] */
  readonly labels: Uint8Array
}

export interface ShardedDataset {
  readonly manifest: DatasetManifest
  /** A shard file by its SHA-256, in hexadecimal. */
  file(hash: string): Uint8Array | undefined
  /** Numbers of the training shards that each part consists of, where the data are divided. */
  readonly parts?: readonly (readonly number[])[]
  /** [parts][classes] Examples of each class that a part has. */
  readonly histogram?: readonly Uint32Array[]
}

export const DEFAULT_SHARD_SIZE = 1000

/** A shard file of the examples `order[start..start + count]` of a split. */
export function encodeShard(split: ByteSplit, order: Uint32Array, start: number, count: number): Uint8Array {
  const exampleSize = split.values.length / split.examples
  const file = new Uint8Array(count * (exampleSize + 1))
  for (let i = 0; i < count; i++) {
    const example = order[start + i] as number
    file.set(split.values.subarray(example * exampleSize, (example + 1) * exampleSize), i * exampleSize)
    file[count * exampleSize + i] = split.labels[example] as number
  }
  return file
}

/** Views of a shard file; nothing is copied. Throws WireError where its length does not fit. */
export function decodeShard(bytes: Uint8Array, shape: readonly number[], examples: number): Shard {
  const exampleSize = product(shape)
  const expected = examples * (exampleSize + 1)
  if (bytes.length !== expected) {
    throw new WireError(`shard: must have ${expected} bytes (${examples} examples of ${exampleSize} values and a label), got ${bytes.length}. Fetch it again.`)
  }
  return { examples, exampleSize, values: bytes.subarray(0, examples * exampleSize), labels: bytes.subarray(examples * exampleSize) }
}

export interface BatchFill {
  readonly shard: Shard
  /** See order.ts. */
  readonly order: Uint32Array
  /** Positions start..start + count of `order` are written. */
  readonly start: number
  readonly count: number
  /** [batch, ...shape], written from example `at` on as byte * scale + offset. */
  readonly x: Float32Array
  /** [batch] */
  readonly labels: Uint32Array
  readonly at: number
  readonly scale: number
  readonly offset: number
}

/** Decodes a slice of a shard into a micro-batch. Throws RangeError where slice or batch is too short. */
export function fillBatch({ shard, order, start, count, x, labels, at, scale, offset }: BatchFill): void {
  const { exampleSize, values } = shard
  if (start < 0 || start + count > order.length || order.length > shard.examples) {
    throw new RangeError(`slice: must lie in 0..${Math.min(order.length, shard.examples)}, got ${start}..${start + count}.`)
  }
  if (at < 0 || at + count > labels.length || (at + count) * exampleSize > x.length) {
    throw new RangeError(`batch: must hold examples ${at}..${at + count} of ${exampleSize} values, got room for ${labels.length}.`)
  }
  let write = at * exampleSize
  for (let i = 0; i < count; i++) {
    const example = order[start + i] as number
    labels[at + i] = shard.labels[example] as number
    const end = (example + 1) * exampleSize
    for (let read = example * exampleSize; read < end; read++) x[write++] = (values[read] as number) * scale + offset
  }
}

/** Shuffles the training split (seeded), cuts both splits into shards and hashes them. */
export async function shardDataset(dataset: ByteDataset, seed: number, shardSize = DEFAULT_SHARD_SIZE): Promise<ShardedDataset> {
  const files = new Map<string, Uint8Array>()
  const train = await shardSplit(dataset.train, permutation(createRng(`dataset-shuffle/${seed}`), dataset.train.examples), shardSize, files)
  const test = await shardSplit(dataset.test, identityOrder(dataset.test.examples), shardSize, files)
  const { name, shape, classes, classNames, scale, offset } = dataset
  return { manifest: { name, shape, classes, classNames, scale, offset, train, test }, file: (hash) => files.get(hash) }
}

/** Shards of the examples that `order` names. */
async function shardSplit(split: ByteSplit, order: Uint32Array, shardSize: number, files: Map<string, Uint8Array>): Promise<SplitManifest> {
  const shards: ShardManifest[] = []
  for (let start = 0; start < order.length; start += shardSize) {
    const examples = Math.min(shardSize, order.length - start)
    const file = encodeShard(split, order, start, examples)
    const hash = await sha256(file)
    files.set(hash, file)
    shards.push({ hash, examples, bytes: file.length })
  }
  return { examples: order.length, shards }
}

/** As `shardDataset`, with the training split divided: no shard holds examples of two parts. */
export async function shardParts(dataset: ByteDataset, { parts, by = 'iid' }: { readonly parts: number; readonly by?: PartitionChoice | undefined }, seed: number): Promise<ShardedDataset> {
  const { train, test, name, shape, classes, classNames, scale, offset } = dataset
  const divided = dividePartition(by, { labels: train.labels, classes, parts, seed })
  const files = new Map<string, Uint8Array>()
  const shards: ShardManifest[] = []
  const shardsOfPart: number[][] = []
  for (const part of divided.parts) {
    const cut = await shardSplit(train, part, DEFAULT_SHARD_SIZE, files)
    shardsOfPart.push(cut.shards.map((_, i) => shards.length + i))
    shards.push(...cut.shards)
  }
  const testSplit = await shardSplit(test, identityOrder(test.examples), DEFAULT_SHARD_SIZE, files)
  return {
    manifest: { name, shape, classes, classNames, scale, offset, train: { examples: train.examples, shards }, test: testSplit },
    file: (hash) => files.get(hash), parts: shardsOfPart, histogram: divided.histogram,
  }
}

/** SHA-256 in lower-case hexadecimal. Browsers have crypto.subtle only on https or localhost, as WebGPU. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // At once: in virtual time nothing may depend on when a thread of Node's pool is done.
  const node = nodeCrypto()
  if (node !== undefined) return node.createHash('sha256').update(bytes).digest('hex')
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

interface NodeCrypto {
  createHash(name: 'sha256'): { update(bytes: Uint8Array): { digest(encoding: 'hex'): string } }
}

function nodeCrypto(): NodeCrypto | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
}
