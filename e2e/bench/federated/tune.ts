// Finds the learning rate with which a cell of FedAvg's table reaches its target first.
import { firstCrossing } from '../trials/crossing.ts'
import { runTrial, type TrialPlan, type TrialRecord, type TrialSurroundings } from '../trials/trial.ts'
import { CLIENTS, runOf, type Cell } from './cells.ts'
import { bestOf, isHopeless, nextStep, rateAt, roundsAtMost, type Trial } from './grid.ts'

/** Everybody is there at all times and as fast as everybody else: rounds are counted, not seconds. */
export const WORLD = { examplesPerSecond: 1_000, speedSpread: 1, bandwidthSpread: 1, uploadMbps: 1_000, downloadMbps: 1_000, latencyMs: 1, dropout: 0 }

export interface TunedRate {
  readonly learningRate: number
  /** Until the target; undefined: given up after `record.rounds`, or diverged. */
  readonly rounds: number | undefined
  readonly record: TrialRecord
}

export interface TunedCell {
  readonly cell: Cell
  readonly variant: Variant | undefined
  /** In the order tried. */
  readonly rates: readonly TunedRate[]
  readonly best: TunedRate | undefined
  readonly finished: boolean
}

/** What a controlled experiment changes. */
export interface Variant {
  readonly name: string
  /** For people. */
  readonly title: string
  readonly plan: Partial<Pick<TrialPlan, 'model' | 'scaling'>>
  /** This one alone, where its rate is not to be tuned. */
  readonly rate?: number
}

export async function tuneCell(cell: Cell, surroundings: TrialSurroundings, variant?: Variant): Promise<TunedCell> {
  const rates: TunedRate[] = []
  const trials: Trial[] = []
  const best = (): TunedRate | undefined => rates.find((_, i) => trials[i] === bestOf(trials))
  const result = (finished: boolean): TunedCell => ({ cell, variant, rates, best: best(), finished })
  const next = (): number | undefined => (variant?.rate === undefined ? nextStep(trials) : trials.length === 0 ? 0 : undefined)
  for (let step = next(); step !== undefined; step = next()) {
    const learningRate = variant?.rate ?? rateAt(cell.centre, step)
    const { rounds: least, record: leading } = best() ?? {}
    const record = await runTrial({
      key: `${cell.name}${variant === undefined ? '' : `-${variant.name}`}-${learningRate}`, config: runOf(cell, learningRate), volunteers: CLIENTS, world: WORLD, evaluateEvery: cell.evaluateEvery,
      rounds: roundsAtMost(trials, cell.published), target: cell.target, ...variant?.plan,
      ...(least === undefined || leading === undefined ? {} : { hopeless: (curve) => isHopeless(curve, { rounds: least, curve: leading.curve }) }),
    }, surroundings)
    if (record === undefined) return result(false)
    const rounds = firstCrossing(record.curve, cell.target)
    rates.push({ learningRate, rounds, record })
    trials.push({ step, rounds })
  }
  return result(true)
}
