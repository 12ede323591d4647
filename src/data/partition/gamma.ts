// Gamma and Dirichlet distributed numbers (Marsaglia and Tsang 2000; shapes below 1 by the power of a uniform number).
import type { Rng } from '../../base/rng.ts'

/** Logarithm of a number from Gamma(shape, 1): for small shapes the number itself is often below the smallest double. */
export function drawLogGamma(rng: Rng, shape: number): number {
  if (shape < 1) return drawLogGamma(rng, shape + 1) + Math.log(1 - rng.uniform()) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const cubed = (1 + c * x) ** 3
    if (cubed <= 0) continue
    const u = 1 - rng.uniform()
    if (Math.log(u) < (x * x) / 2 + d - d * cubed + d * Math.log(cubed)) return Math.log(d) + Math.log(cubed)
  }
}

/** [count] Shares that sum to 1, from the symmetric Dirichlet distribution. */
export function drawDirichlet(rng: Rng, alpha: number, count: number): Float64Array {
  const logs = Float64Array.from({ length: count }, () => drawLogGamma(rng, alpha))
  const largest = logs.reduce((a, b) => Math.max(a, b), -Infinity)
  const shares = logs.map((log) => Math.exp(log - largest))
  const sum = shares.reduce((a, b) => a + b, 0)
  return shares.map((share) => share / sum)
}
