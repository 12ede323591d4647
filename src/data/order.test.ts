import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityOrder, shardOrder, splitOrder } from './order.ts'

const FIRST = [7, 6, 1, 3, 4, 2, 0, 5]

describe('shardOrder', () => {
  it('visits every example exactly once', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1000), fc.nat(100), fc.integer({ min: 1, max: 2000 }), (seed, epoch, shard, examples) => {
        expect([...shardOrder(seed, epoch, shard, examples)].sort((a, b) => a - b)).toEqual([...identityOrder(examples)])
      }),
      { numRuns: 30 },
    )
  })

  it('D3: is the same everywhere, for ever: changing it would break runs that are resumed', () => {
    expect([...shardOrder(1, 0, 0, 8)]).toEqual(FIRST)
    expect([...splitOrder({ split: 'train', seed: 1, epoch: 0, shard: 0, examples: 8 })]).toEqual(FIRST)
  })

  it('differs between epochs, shards and seeds', () => {
    const orders = [shardOrder(1, 0, 0, 100), shardOrder(1, 1, 0, 100), shardOrder(1, 0, 1, 100), shardOrder(2, 0, 0, 100)]
    expect(new Set(orders.map((order) => order.join())).size).toBe(4)
  })
})

it('keeps the test split in the order of the file', () => {
  expect([...splitOrder({ split: 'test', seed: 9, epoch: 5, shard: 3, examples: 4 })]).toEqual([0, 1, 2, 3])
})
