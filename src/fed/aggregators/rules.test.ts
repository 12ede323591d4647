// Published check values of the robust rules, and what each promises of its own.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../base/rng.ts'
import type { Aggregator, AggregatorChoice } from './aggregator.ts'
import { weiszfeld } from './geometric-median.ts'
import { resolveAggregator } from './index.ts'
import { meanOfRanks, sortingNetwork } from './sorted-columns.ts'
import { combination, pairwiseSquaredDistances, squaredDistance } from './vectors.ts'

const EXACT = { bound: 2 ** 15, quantumBits: 24 }
const X = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]

function combine(choice: AggregatorChoice, rows: readonly (readonly number[])[], extra: readonly { readonly weight?: number; readonly localNorm?: number }[] = []): number[] {
  const aggregator: Aggregator = resolveAggregator(choice)
  const state = aggregator.init({ size: rows[0]!.length, exactSum: EXACT })
  rows.forEach((row, order) => aggregator.add(state, { values: Float32Array.from(row), weight: 1, order, ...extra[order] }))
  return [...aggregator.finish(state)]
}

describe('check values', () => {
  it.each<[AggregatorChoice, number[]]>([
    ['median', [4, 5, 6]],
    [{ name: 'trimmed-mean', byzantine: 1 }, [4, 5, 6]],
    [{ name: 'centered-clipping', tau: 100 }, [4, 5, 6]],
    [{ name: 'krum', byzantine: 1 }, [1, 2, 3]],
    [{ name: 'multi-krum', byzantine: 1 }, [2.5, 3.5, 4.5]],
    ['geometric-median', [4, 5, 6]],
    ['weighted-mean', [4, 5, 6]],
  ])('%j', (choice, expected) => combine(choice, X).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5)))
})

describe('ranks', () => {
  it('sorts any number of rows', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }).chain((n) => fc.tuple(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: n, maxLength: n }), fc.nat(n - 1))), ([values, rank]) => {
      const rows = values.map((value) => Float32Array.of(value))
      expect(meanOfRanks(rows, rank, rank)[0]).toBe(values.toSorted((a, b) => a - b)[rank])
    }))
  })

  it('leaves out what does not decide the wanted ranks', () => {
    const all = sortingNetwork(25, Array.from({ length: 25 }, (_, i) => i)).length
    expect(sortingNetwork(25, [0]).length).toBeLessThan(all / 2)
    expect(sortingNetwork(25, [12]).length).toBeLessThan(all)
  })

  it('takes the mean of the middle two of an even number', () => expect(combine('median', [[1, 9], [2, 8], [10, 0], [4, 4]])).toEqual([3, 6]))

  it('spans more than one block of coordinates', () => {
    const rng = createRng(1)
    const rows = Array.from({ length: 5 }, () => Array.from({ length: 5000 }, () => Math.fround(rng.normal())))
    const expected = rows[0]!.map((_, i) => rows.map((row) => row[i]!).sort((a, b) => a - b)[2]!)
    expect(combine('median', rows)).toEqual(expected)
  })
})

describe('distances', () => {
  it('of all pairs equal those of each pair', () => {
    const rng = createRng(2)
    const vectors = Array.from({ length: 11 }, () => Float32Array.from({ length: 3000 }, () => rng.normal()))
    const squares = pairwiseSquaredDistances(vectors)
    for (let i = 0; i < 11; i++) for (let j = 0; j < 11; j++) expect(squares[i * 11 + j]).toBeCloseTo(squaredDistance(vectors[i]!, vectors[j]!), 6)
  })
})

describe('krum', () => {
  it('chooses one of the updates', () => {
    const rows = [[0, 0.1], [0.1, 0], [0, 0], [0.05, 0.05], [100, 100], [90, 100], [0.2, 0]]
    expect(rows.map((row) => row.map(Math.fround))).toContainEqual(combine({ name: 'krum', byzantine: 2 }, rows))
    expect(combine({ name: 'krum', byzantine: 2 }, rows)[0]).toBeLessThan(1)
  })
})

describe('geometric median', () => {
  it('has the least sum of distances', () => {
    const rng = createRng(3)
    const rows = Array.from({ length: 9 }, () => Array.from({ length: 4 }, () => rng.normal() * 3))
    const cost = (z: readonly number[]): number => rows.reduce((sum, row) => sum + Math.hypot(...row.map((value, i) => value - z[i]!)), 0)
    const found = combine('geometric-median', rows)
    for (let trial = 0; trial < 200; trial++) expect(cost(found)).toBeLessThanOrEqual(cost(found.map((value) => value + 0.1 * rng.normal())) + 1e-6)
  })

  it('iterates over distances as it would over the updates', () => {
    const rng = createRng(4)
    const vectors = Array.from({ length: 6 }, () => Float32Array.from({ length: 7 }, () => rng.normal()))
    const from = combination(vectors, weiszfeld(pairwiseSquaredDistances(vectors), 6, { iterations: 3, smoothing: 1e-6 }))
    const factors = vectors.map((vector) => 1 / Math.max(1e-6, Math.sqrt(squaredDistance(vector, from))))
    const total = factors.reduce((a, b) => a + b, 0)
    const direct = combination(vectors, factors.map((factor) => factor / total))
    const next = combination(vectors, weiszfeld(pairwiseSquaredDistances(vectors), 6, { iterations: 4, smoothing: 1e-6 }))
    next.forEach((value, i) => expect(value).toBeCloseTo(direct[i]!, 5))
  })

  it('is the middle one on a line', () => expect(combine('geometric-median', [[0], [1], [100]])[0]).toBeCloseTo(1, 3))
})

describe('centered clipping', () => {
  it('moves by tau over n at most for each update', () => {
    expect(combine({ name: 'centered-clipping', tau: 3 }, [[0, 0], [3000, 4000]]).map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0.9, 1.2])
  })

  it('goes on from the last result', () => {
    const aggregator = resolveAggregator({ name: 'centered-clipping', tau: 1 })
    const state = aggregator.init({ size: 1, exactSum: EXACT })
    const results = [1, 2, 3, 4].map((round) => {
      aggregator.add(state, { values: Float32Array.of(3.5), weight: 1, order: round })
      const [result] = aggregator.finish(state, round)
      aggregator.clear(state)
      return result
    })
    expect(results).toEqual([1, 2, 3, 3.5])
  })
})

describe('bucketing', () => {
  it('averages in random groups, others in another round', () => {
    const aggregator = resolveAggregator({ name: 'krum', byzantine: 0, bucketing: 2 })
    const state = aggregator.init({ size: 1, exactSum: EXACT, seed: 5 })
    for (let order = 0; order < 8; order++) aggregator.add(state, { values: Float32Array.of(2 ** order), weight: 1, order })
    const results = Array.from({ length: 20 }, (_, round) => aggregator.finish(state, round)[0]!)
    for (const result of results) expect((result * 2).toString(2).replaceAll('0', '')).toBe('11')
    expect(new Set(results).size).toBeGreaterThan(3)
    expect(aggregator.finish(state, 3)[0]).toBe(results[3])
  })

  it('needs more updates and survives fewer attackers', () => {
    const plain = resolveAggregator({ name: 'krum', byzantine: 2 })
    const bucketed = resolveAggregator({ name: 'krum', byzantine: 2, bucketing: 3 })
    expect([plain.minUpdates, bucketed.minUpdates]).toEqual([7, 19])
    expect([plain.survives(18), bucketed.survives(18), bucketed.survives(19)]).toEqual([2, 0, 2])
  })
})

describe('norm-bounded mean', () => {
  it('scales down what is longer than the bound, and nothing else', () => {
    expect(combine({ name: 'norm-bounded-mean', norm: 5 }, [[30, 40], [0, 1]], [{ weight: 1 }, { weight: 3 }])).toEqual([0.75, 1.75])
  })
})

it.each(['weighted-mean', 'nova-mean'])('%s says that it survives no attacker, and survives none', (name) => {
  expect(resolveAggregator(name).survives(100)).toBe(0)
  expect(Math.abs(combine(name, [[1], [1], [1], [-30_000]])[0]!)).toBeGreaterThan(1000)
})

describe('FedNova', () => {
  it('is the weighted mean where all did the same work', () => {
    expect(combine('nova-mean', X, X.map((_, i) => ({ weight: i + 1, localNorm: 8 })))).toEqual(combine('weighted-mean', X, X.map((_, i) => ({ weight: i + 1 }))))
  })

  it('weighs directions, not amounts of work', () => {
    // Two volunteers of equal weight: 1 step to the left, 9 steps to the right. The mean goes right; FedNova does not.
    const updates = [[-1], [9]]
    expect(combine('weighted-mean', updates)).toEqual([4])
    expect(combine('nova-mean', updates, [{ localNorm: 1 }, { localNorm: 9 }])[0]).toBeCloseTo(0, 6)
  })

  it('follows the formula', () => {
    const [a, b] = combine('nova-mean', [[1, 2], [3, 6]], [{ weight: 100, localNorm: 2 }, { weight: 300, localNorm: 4.5 }])
    const norm = (100 * 2 + 300 * 4.5) / 400
    expect(a).toBeCloseTo(norm * (0.25 * (1 / 2) + 0.75 * (3 / 4.5)), 6)
    expect(b).toBeCloseTo(norm * (0.25 * (2 / 2) + 0.75 * (6 / 4.5)), 6)
  })
})
