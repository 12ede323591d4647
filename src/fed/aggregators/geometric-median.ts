// The geometric median by the smoothed Weiszfeld algorithm (RFA: Pillutla, Kakade and Harchaoui 2022, arXiv 1912.13445):
// the point with the least sum of distances to the updates. Every iterate is a combination of the updates, so one pass
// over the pairwise distances replaces a pass over all updates in every iteration.
import * as v from 'valibot'
import { collecting, ruleOptions } from './collecting.ts'
import { combination, pairwiseSquaredDistances } from './vectors.ts'

const schema = ruleOptions({
  iterations: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(10_000)), 100),
  /** Distances below this count as this, so that an update cannot hold the iteration fast. */
  smoothing: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 1e-6),
})

/** Change of the weights at which iterating on is of no use. */
const SETTLED = 1e-9

export const geometricMedian = collecting(schema, {
  name: 'geometric-median',
  minUpdates: () => 1,
  survives: (_, updates) => Math.ceil(updates / 2) - 1,
  combine: (updates, { iterations, smoothing }) => combination(updates, weiszfeld(pairwiseSquaredDistances(updates), updates.length, { iterations, smoothing })),
})

/** Weights, summing to 1, of the combination that is the median. */
export function weiszfeld(squares: Float64Array, n: number, { iterations, smoothing }: { readonly iterations: number; readonly smoothing: number }): Float64Array {
  let weights = start(squares, n)
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = squaredDistancesTo(squares, weights).map((square) => 1 / Math.max(smoothing, Math.sqrt(square)))
    const total = next.reduce((a, b) => a + b, 0)
    let change = 0
    for (let i = 0; i < n; i++) {
      next[i]! /= total
      change = Math.max(change, Math.abs(next[i]! - weights[i]!))
    }
    weights = next
    if (change < SETTLED) break
  }
  return weights
}

/** |z - x_i|^2 for z = sum of w_j x_j with weights that sum to 1: sum_j w_j D_ij - 1/2 sum_jk w_j w_k D_jk. */
function squaredDistancesTo(squares: Float64Array, weights: Float64Array): Float64Array {
  const n = weights.length
  const means = weights.map((_, i) => {
    let sum = 0
    for (let j = 0; j < n; j++) sum += weights[j]! * squares[i * n + j]!
    return sum
  })
  const spread = means.reduce((sum, mean, i) => sum + weights[i]! * mean, 0) / 2
  return means.map((mean) => Math.max(0, mean - spread))
}

/** The mean of the half of the updates nearest to the most central one: no attacker moves it far, and unlike an update itself it does not hold the iteration fast. */
function start(squares: Float64Array, n: number): Float64Array {
  const distances = squares.map(Math.sqrt)
  const sums = Array.from({ length: n }, (_, i) => distances.subarray(i * n, (i + 1) * n).reduce((a, b) => a + b, 0))
  const central = sums.indexOf(Math.min(...sums))
  const nearest = sums.map((_, i) => i).sort((a, b) => distances[central * n + a]! - distances[central * n + b]! || a - b)
  const half = Math.floor(n / 2) + 1
  const weights = new Float64Array(n)
  for (const i of nearest.slice(0, half)) weights[i] = 1 / half
  return weights
}
