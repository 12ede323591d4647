// D1: whatever is taken, given back and claimed in whatever order, no example is ever in two places.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Slice } from '../../src/wire/messages.ts'
import { claim, createPool, giveBack, sizeOf, take, type Pool } from './pool.ts'

const SHARDS = [7, 1, 12, 5]
const ORDER = [2, 0, 3, 1]
const positions = (slices: readonly Slice[]): string[] => slices.flatMap(({ shard, start, count }) => Array.from({ length: count }, (_, i) => `${shard}/${start + i}`))
const free = (pool: Pool): string[] => positions(pool.free.flatMap((ranges, shard) => ranges.map((range) => ({ shard, ...range }))))

describe('pool', () => {
  it('moves examples without losing or doubling one', () => {
    const action = fc.oneof(
      fc.record({ type: fc.constant('take' as const), count: fc.integer({ min: 1, max: 10 }), order: fc.shuffledSubarray(ORDER, { minLength: 4 }) }),
      fc.record({ type: fc.constant('return' as const), which: fc.nat() }),
    )
    fc.assert(fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const pool = createPool(SHARDS, ORDER)
      const held: Slice[][] = []
      for (const one of actions) {
        if (one.type === 'take') {
          const expected = Math.min(one.count, pool.freeExamples)
          const slices = take(pool, one.count, one.order)
          expect(sizeOf(slices)).toBe(expected)
          held.push(slices)
        } else if (held.length > 0) {
          giveBack(pool, held.splice(one.which % held.length, 1)[0]!)
        }
        const all = [...free(pool), ...held.flatMap(positions)]
        expect(new Set(all).size).toBe(25)
        expect(all.length).toBe(25)
        expect(free(pool).length).toBe(pool.freeExamples)
      }
      for (const slices of held) giveBack(pool, slices)
      expect(pool.free).toEqual(createPool(SHARDS, ORDER).free)
    }))
  })

  it('takes shards in the order of preference', () => {
    expect(take(createPool(SHARDS, ORDER), 14, ORDER)).toEqual([{ shard: 2, start: 0, count: 12 }, { shard: 0, start: 0, count: 2 }])
  })

  it('claims what a replayed log accepted, once', () => {
    const pool = createPool(SHARDS, ORDER)
    claim(pool, [{ shard: 2, start: 3, count: 4 }])
    expect(pool.free[2]).toEqual([{ start: 0, count: 3 }, { start: 7, count: 5 }])
    expect(() => claim(pool, [{ shard: 2, start: 6, count: 2 }])).toThrow(/accepted once/)
    expect(() => giveBack(pool, [{ shard: 2, start: 2, count: 2 }])).toThrow(/given back once/)
  })
})
