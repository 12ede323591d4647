// What Krum and Multi-Krum rank updates by.
import { pairwiseSquaredDistances } from './vectors.ts'

/** Indices of `updates`, best score first: the sum of squared distances to the n - f - 2 nearest others. Of equals the first. */
export function byKrumScore(updates: readonly Float32Array[], byzantine: number): number[] {
  const n = updates.length
  // With too few updates for its promise the rule still looks at the nearest one.
  const neighbours = Math.max(1, n - byzantine - 2)
  const squares = pairwiseSquaredDistances(updates)
  const scores = updates.map((_, i) => {
    const others = squares.slice(i * n, (i + 1) * n).filter((_square, j) => j !== i).sort()
    return others.subarray(0, neighbours).reduce((a, b) => a + b, 0)
  })
  return scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]! || a - b)
}
