// Who takes part in a round: parts of the data drawn at random, the same ones for the same seed and round after a restart.
import { createRng, permutation } from '../base/rng.ts'

export interface CohortDraw {
  readonly seed: number
  readonly round: number
  /** Of how many. */
  readonly parts: number
  readonly participants: number
  /** More are drawn by this fraction, in case some do not answer; the round needs `participants` of them. */
  readonly overSelection?: number | undefined
}

/** Indices of parts, all different, in the order drawn. */
export function drawCohort({ seed, round, parts, participants, overSelection = 0 }: CohortDraw): number[] {
  const count = Math.min(parts, Math.ceil(participants * (1 + overSelection)))
  return [...permutation(createRng(`cohort/${seed}/${round}`), parts).subarray(0, count)]
}
