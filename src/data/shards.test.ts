import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from '../base/errors.ts'
import type { ByteDataset, ByteSplit } from './dataset.ts'
import { identityOrder, shardOrder } from './order.ts'
import { decodeShard, encodeShard, fillBatch, sha256, shardDataset } from './shards.ts'

const SHAPE = [2, 3]

/** Example i has all values i % 256 and label i % 10, so that any mix-up shows. */
function split(examples: number): ByteSplit {
  return {
    examples,
    values: Uint8Array.from({ length: examples * 6 }, (_, i) => Math.floor(i / 6)),
    labels: Uint8Array.from({ length: examples }, (_, i) => i % 10),
  }
}

const dataset = (train: number, test: number): ByteDataset => ({
  name: 'counting', shape: SHAPE, classes: 10, classNames: [...'0123456789'], scale: 1 / 255, offset: 0, train: split(train), test: split(test),
})

describe('encodeShard, decodeShard', () => {
  it('round-trip any part of a split, without copying', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(39), fc.nat(40), (examples, from, length) => {
        const start = Math.min(from, examples)
        const count = Math.min(length, examples - start)
        const bytes = encodeShard(split(examples), identityOrder(examples), start, count)
        const shard = decodeShard(bytes, SHAPE, count)
        expect(shard.values.buffer).toBe(bytes.buffer)
        expect(shard.labels.buffer).toBe(bytes.buffer)
        expect([...shard.labels]).toEqual([...split(examples).labels.subarray(start, start + count)])
        expect([...shard.values]).toEqual([...split(examples).values.subarray(start * 6, (start + count) * 6)])
      }),
    )
  })

  it('refuse a file of the wrong length', () => {
    const bytes = encodeShard(split(4), identityOrder(4), 0, 4)
    expect(() => decodeShard(bytes.subarray(1), SHAPE, 4)).toThrow(WireError)
    expect(() => decodeShard(bytes, SHAPE, 5)).toThrow(/must have 35 bytes/)
  })
})

describe('fillBatch', () => {
  const shard = decodeShard(encodeShard(split(20), identityOrder(20), 0, 20), SHAPE, 20)

  it('writes the slice of the order, scaled, at its place and nowhere else', () => {
    const order = shardOrder(1, 2, 3, 20)
    const x = new Float32Array(8 * 6).fill(-1)
    const labels = new Uint32Array(8).fill(99)
    fillBatch({ shard, order, start: 5, count: 4, x, labels, at: 2, scale: 0.5, offset: 1 })
    const expected = [...order.subarray(5, 9)]
    expect([...labels]).toEqual([99, 99, ...expected.map((i) => i % 10), 99, 99])
    expect([...x]).toEqual([...Array<number>(12).fill(-1), ...expected.flatMap((i) => Array(6).fill(i * 0.5 + 1)), ...Array(12).fill(-1)])
  })

  it('refuses slices outside the shard and batches that are too short', () => {
    const room = { shard, order: identityOrder(20), x: new Float32Array(24), labels: new Uint32Array(4), scale: 1, offset: 0 }
    expect(() => fillBatch({ ...room, start: 18, count: 3, at: 0 })).toThrow(/slice: must lie in 0..20, got 18..21/)
    expect(() => fillBatch({ ...room, start: 0, count: 3, at: 2 })).toThrow(/batch: must hold examples 2..5/)
    expect(() => fillBatch({ ...room, order: identityOrder(21), start: 0, count: 1, at: 0 })).toThrow(RangeError)
  })
})

describe('shardDataset', () => {
  it('covers every example once, shuffles training and keeps the test order', async () => {
    const { manifest, file } = await shardDataset(dataset(25, 12), 7, 10)
    expect(manifest.train.shards.map((shard) => shard.examples)).toEqual([10, 10, 5])
    expect(manifest.test.shards.map((shard) => shard.examples)).toEqual([10, 2])
    const firstValues = (hashes: readonly { hash: string; examples: number }[]): number[] =>
      hashes.flatMap(({ hash, examples }) => {
        const shard = decodeShard(file(hash) as Uint8Array, manifest.shape, examples)
        return Array.from({ length: examples }, (_, i) => shard.values[i * 6] as number)
      })
    const train = firstValues(manifest.train.shards)
    expect(train).not.toEqual([...identityOrder(25)])
    expect(train.sort((a, b) => a - b)).toEqual([...identityOrder(25)])
    expect(firstValues(manifest.test.shards)).toEqual([...identityOrder(12)])
  })

  it('names each file by its SHA-256 and its size', async () => {
    const { manifest, file } = await shardDataset(dataset(25, 12), 7, 10)
    for (const { hash, bytes } of [...manifest.train.shards, ...manifest.test.shards]) {
      const content = file(hash) as Uint8Array
      expect(content.length).toBe(bytes)
      expect(await sha256(content)).toBe(hash)
    }
    expect(file('0'.repeat(64))).toBeUndefined()
  })

  it('is decided by the seed alone', async () => {
    const hashes = async (seed: number): Promise<string> => JSON.stringify((await shardDataset(dataset(25, 12), seed, 10)).manifest)
    expect(await hashes(7)).toBe(await hashes(7))
    expect(await hashes(7)).not.toBe(await hashes(8))
  })
})

it('sha256 agrees with the published digest of "abc"', async () => {
  expect(await sha256(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
