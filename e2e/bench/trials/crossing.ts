// When a curve reaches a target, as FedAvg's tables count it (McMahan et al. 2017, arXiv 1602.05629, section 3): a curve is
// first made monotone by the best value so far, then crossed with straight lines between its points.

export interface Point {
  readonly round: number
  readonly accuracy: number
}

/** Best value so far at each point. */
export function runningBest(curve: readonly Point[]): readonly Point[] {
  let best = -Infinity
  return curve.map(({ round, accuracy }) => ({ round, accuracy: (best = Math.max(best, accuracy)) }))
}

/** Rounds until the running best is `target`; undefined where it never is. A curve that begins above it crosses at its first point. */
export function firstCrossing(curve: readonly Point[], target: number): number | undefined {
  const best = runningBest(curve)
  const at = best.findIndex(({ accuracy }) => accuracy >= target)
  const after = best[at], before = best[at - 1]
  if (after === undefined || before === undefined) return after?.round
  return before.round + ((target - before.accuracy) / (after.accuracy - before.accuracy)) * (after.round - before.round)
}
