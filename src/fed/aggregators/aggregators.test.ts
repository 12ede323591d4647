import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WeightedUpdate } from './aggregator.ts'
import { aggregators } from './index.ts'

const SIZE = 5
const OPTIONS = { size: SIZE, exactSum: { bound: 16, quantumBits: 30 } }
const update = fc.record({
  values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: SIZE, maxLength: SIZE }).map((v) => Float32Array.from(v)),
  weight: fc.integer({ min: 1, max: 512 }),
})
const updates = fc.array(update, { minLength: 1, maxLength: 12 })

describe.each(aggregators.entries())('aggregator %s', (_, aggregator) => {
  const combine = (list: readonly WeightedUpdate[]): Uint8Array => {
    const state = aggregator.init(OPTIONS)
    for (const item of list) aggregator.add(state, item)
    return new Uint8Array(aggregator.finish(state).buffer)
  }

  it('gives the same bytes in any order', () => {
    fc.assert(fc.property(updates.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), ([list, shuffled]) => {
      expect(combine(shuffled)).toEqual(combine(list))
    }))
  })

  it('gives the same bytes through any tree of merges', () => {
    fc.assert(fc.property(updates, fc.array(fc.nat(1000), { minLength: 12, maxLength: 12 }), (list, picks) => {
      const partial = list.map((item) => {
        const state = aggregator.init(OPTIONS)
        aggregator.add(state, item)
        return state
      })
      for (let i = 0; partial.length > 1; i++) {
        const [other] = partial.splice(1 + (picks[i]! % (partial.length - 1)), 1)
        aggregator.merge(partial[(picks[i]! * 7) % partial.length], other)
      }
      expect(new Uint8Array(aggregator.finish(partial[0]).buffer)).toEqual(combine(list))
    }))
  })

  it('is as new after clear', () => {
    const one = { values: Float32Array.of(1, 2, 3, 4, 5), weight: 3 }
    const state = aggregator.init(OPTIONS)
    aggregator.add(state, { values: Float32Array.of(9, 9, 9, 9, 9), weight: 7 })
    aggregator.clear(state)
    aggregator.add(state, one)
    expect(new Uint8Array(aggregator.finish(state).buffer)).toEqual(combine([one]))
  })
})
