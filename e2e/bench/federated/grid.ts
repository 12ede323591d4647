// A grid of learning rates, tried from its centre outwards so that most of them can be given up early: a rate that has not
// reached the target in the rounds that another one needed cannot be the best, so giving it up changes nothing; and one that
// knows less after half of those rounds than the other did after a quarter would have to overtake it from far behind.
import { present } from '../../../src/base/errors.ts'
import { runningBest, type Point } from '../trials/crossing.ts'

/** Between neighbours: three to a power of ten, as in FedAvg. */
const RATIO = 10 ** (1 / 3)
/** Of the published rounds: after this many a rate is given up even where no other has reached the target. */
const PATIENCE = 1.25
/** The grid's rates as steps from its centre, in the order tried; and how many more may be tried beyond an edge. */
const INSIDE = [0, 1, -1, 2, -2]
const EDGE = Math.max(...INSIDE)
const MOST_BEYOND = 3

export interface Trial {
  /** Steps from the grid's centre. */
  readonly step: number
  /** Until the target; undefined: given up, or diverged. */
  readonly rounds: number | undefined
}

/** Three significant digits, so that a rate can be read and written. */
export const rateAt = (centre: number, step: number): number => Number((centre * RATIO ** step).toPrecision(3))

/** The rate to try next; undefined when the grid is done and its best does not lie at an edge. */
export function nextStep(trials: readonly Trial[]): number | undefined {
  const tried = trials.map(({ step }) => step)
  const open = INSIDE.find((step) => !tried.includes(step))
  if (open !== undefined) return open
  const best = bestOf(trials)?.step
  const lowest = Math.min(...tried), highest = Math.max(...tried)
  if (best === highest && highest < EDGE + MOST_BEYOND) return highest + 1
  return best === lowest && lowest > -EDGE - MOST_BEYOND ? lowest - 1 : undefined
}

/** The trial that reached the target first. */
export function bestOf(trials: readonly Trial[]): Trial | undefined {
  const reached = trials.filter(({ rounds }) => rounds !== undefined)
  return reached.length === 0 ? undefined : reached.reduce((best, each) => (present(each.rounds, 'rounds') < present(best.rounds, 'rounds') ? each : best))
}

/** Rounds after which the next rate is given up. */
export function roundsAtMost(trials: readonly Trial[], published: number): number {
  const best = bestOf(trials)?.rounds
  return Math.min(Math.floor(PATIENCE * published), best === undefined ? Infinity : Math.ceil(best))
}

/** Whether a curve lies so far behind that of the best rate, which needed `rounds`. */
export function isHopeless(curve: readonly Point[], best: { readonly rounds: number; readonly curve: readonly Point[] }): boolean {
  const at = (points: readonly Point[], round: number): number => runningBest(points).findLast((point) => point.round <= round)?.accuracy ?? 0
  return (curve.at(-1)?.round ?? 0) >= best.rounds / 2 && at(curve, best.rounds / 2) < at(best.curve, best.rounds / 4)
}
