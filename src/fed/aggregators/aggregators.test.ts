// What holds for every aggregator: any order, any tree of merges, a clean round after another, survival of attackers.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../base/errors.ts'
import { createRng } from '../../base/rng.ts'
import type { Aggregator, WeightedUpdate } from './aggregator.ts'
import { aggregators, resolveAggregator } from './index.ts'

const SIZE = 5
const SETUP = { size: SIZE, exactSum: { bound: 16, quantumBits: 30 }, seed: 7 }
const update = fc.record({
  values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: SIZE, maxLength: SIZE }).map((v) => Float32Array.from(v)),
  weight: fc.integer({ min: 1, max: 512 }),
  localNorm: fc.double({ min: 1, max: 50, noNaN: true }),
})
const updates = fc.array(update, { minLength: 3, maxLength: 12 }).map((list) => list.map((item, order) => ({ ...item, order })))

const bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

function combine(aggregator: Aggregator, list: readonly WeightedUpdate[], setup = SETUP): Float32Array {
  const state = aggregator.init(setup)
  for (const item of list) aggregator.add(state, item)
  return aggregator.finish(state)
}

/** Every rule as it is, and every one that sees each update also in buckets of two. */
const RULES = aggregators.entries().flatMap(([name, aggregator]): [string, Aggregator][] =>
  aggregator.streams ? [[name, aggregator]] : [[name, aggregator], [`${name} in buckets`, resolveAggregator({ name, bucketing: 2 })]])

describe.each(RULES)('aggregator %s', (_, aggregator) => {
  const enough = updates.filter((list) => list.length >= aggregator.minUpdates)

  it('gives the same bytes in any order', () => {
    fc.assert(fc.property(enough.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), ([list, shuffled]) => {
      expect(bytes(combine(aggregator, shuffled))).toEqual(bytes(combine(aggregator, list)))
    }))
  })

  it('gives the same bytes through any tree of merges', () => {
    fc.assert(fc.property(enough, fc.array(fc.nat(1000), { minLength: 12, maxLength: 12 }), (list, picks) => {
      const partial = list.map((item) => {
        const state = aggregator.init(SETUP)
        aggregator.add(state, item)
        return state
      })
      for (let i = 0; partial.length > 1; i++) {
        const [other] = partial.splice(1 + (picks[i]! % (partial.length - 1)), 1)
        aggregator.merge(partial[(picks[i]! * 7) % partial.length], other)
      }
      expect(bytes(aggregator.finish(partial[0]))).toEqual(bytes(combine(aggregator, list)))
    }))
  })

  it('is as new after clear, but for what it remembers', () => {
    fc.assert(fc.property(enough, enough, (first, second) => {
      const state = aggregator.init(SETUP)
      for (const item of first) aggregator.add(state, item)
      aggregator.finish(state)
      const memory = Object.fromEntries(Object.entries(aggregator.memory(state)).map(([name, values]) => [name, values.slice()]))
      aggregator.clear(state)
      for (const item of second) aggregator.add(state, item)
      const fresh = aggregator.init(SETUP)
      aggregator.restore(fresh, memory)
      for (const item of second) aggregator.add(fresh, item)
      expect(bytes(aggregator.finish(state))).toEqual(bytes(aggregator.finish(fresh)))
      expect(aggregator.memory(state)).toEqual(aggregator.memory(fresh))
    }), { numRuns: 30 })
  })

  it('changes no update, and counts the elements it clamps', () => {
    const values = Float32Array.of(1, -20, 3, 1e9, 16)
    const state = aggregator.init(SETUP)
    // A rule that scales updates down first has less to clamp.
    const clamped = aggregator.add(state, { values, weight: 3, order: 0 })
    expect([0, 2]).toContain(clamped)
    for (let order = 1; order < aggregator.minUpdates; order++) aggregator.add(state, { values: values.slice(), weight: 3, order })
    const result = aggregator.finish(state)
    expect(values).toEqual(Float32Array.of(1, -20, 3, 1e9, 16))
    // All updates are equal, so the result lies on their line.
    const line = clamped === 0 ? values : [1, -16, 3, 16, 16]
    const along = result.reduce((sum, value, i) => sum + value * line[i]!, 0) / Math.hypot(...line) / Math.hypot(...result)
    expect(along).toBeCloseTo(1, 6)
  })

  if (aggregator.survives(15) > 0) it('stays near the honest updates while as many as it survives say anything', () => {
    const wide = { ...SETUP, exactSum: { bound: 2 ** 20, quantumBits: 24 } }
    for (let n = aggregator.minUpdates; n <= 15; n++) {
      const attackers = aggregator.survives(n)
      for (const attack of ['same', 'opposite', 'random'] as const) {
        const rng = createRng(`attack/${attack}/${n}`)
        const list = Array.from({ length: n }, (_unused, order): WeightedUpdate => {
          const far = (i: number): number => (attack === 'same' ? 1e5 : attack === 'opposite' ? -1e5 * (i + 1) : 1e5 * rng.normal())
          return { order, weight: 1, values: Float32Array.from({ length: SIZE }, (__, i) => (order < attackers ? far(i) : 1 + 0.2 * rng.normal())) }
        })
        for (const value of combine(aggregator, list, wide)) expect(Math.abs(value - 1)).toBeLessThan(20)
      }
    }
  })

  it('is within the hull of updates that agree', () => {
    const list = Array.from({ length: aggregator.minUpdates + 4 }, (_unused, order) => ({ order, weight: 2, values: Float32Array.of(0.5, -1, 0, 2, 1e-3) }))
    combine(aggregator, list).forEach((value, i) => expect(value).toBeCloseTo(list[0]!.values[i]!, 6))
  })
})

describe('aggregator by choice', () => {
  it.each([
    ['an unknown name', 'krumm', /Did you mean "krum"/],
    ['an unknown option', { name: 'krum', byzantin: 1 }, /Did you mean "byzantine"/],
    ['a value out of range', { name: 'centered-clipping', tau: 0 }, /tau/],
    ['buckets for a rule that streams', { name: 'weighted-mean', bucketing: 2 }, /takes no options/],
  ])('refuses %s', (_, choice, message) => {
    expect(() => resolveAggregator(choice)).toThrow(ConfigError)
    expect(() => resolveAggregator(choice)).toThrow(message)
  })
})
