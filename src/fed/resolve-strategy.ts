// Rejects, before a run starts, the combinations of axes that cannot work, naming the remedy.
import { ConfigError } from '../base/errors.ts'
import { codecs } from '../codec/index.ts'
import { aggregators } from './aggregators/index.ts'
import { resolveOptimizer } from '../optim/index.ts'
import { resolveFixedSchedule } from '../optim/schedules.ts'
import type { Strategy } from './strategy.ts'

const WEIGHT_UNITS = 1024

export interface StrategyContext {
  /** Elements of the packed params. */
  readonly params: number
  /** Examples in one forward and backward pass on a volunteer. */
  readonly batchSize: number
  readonly trainExamples: number
}

/** The strategy as it will run (rounds no larger than an epoch). Throws ConfigError. */
export function resolveStrategy(strategy: Strategy, context: StrategyContext): Strategy {
  const { params, batchSize, trainExamples } = context
  const aggregator = aggregators.get(strategy.aggregator)
  codecs.get(strategy.codec)
  resolveOptimizer(strategy.serverOptimizer)
  resolveFixedSchedule(strategy.learningRateSchedule)
  const schedule = fitSchedule(strategy.schedule, trainExamples)
  const combined = schedule.type === 'synchronous' ? schedule.examplesPerRound : schedule.examplesPerLease
  if (combined < batchSize && combined < trainExamples) {
    throw new ConfigError(`batchSize: must be at most the ${combined} examples of one ${schedule.type === 'synchronous' ? 'round' : 'lease'}, got ${batchSize}. Lower batchSize or raise the other.`)
  }
  if (schedule.type === 'asynchronous' && !aggregator.streams) {
    throw new ConfigError(`aggregator: must work on single updates in an asynchronous schedule, got "${aggregator.name}", which compares several. Use weighted-mean or a synchronous schedule.`)
  }
  // The coordinator does not say yet in which order leases were granted.
  if (!aggregator.streams) throw new ConfigError(`aggregator: must be one that the coordinator can run, got "${aggregator.name}", which it cannot yet. Use weighted-mean.`)
  // An asynchronous update is weighted by its factor on the learning rate, at most 1 in units of 2^-10.
  aggregator.check({ size: params, exactSum: strategy.exactSum }, schedule.type === 'synchronous' ? combined : WEIGHT_UNITS)
  return { ...strategy, schedule }
}

/** A round or lease larger than an epoch would never fill. */
function fitSchedule(schedule: Strategy['schedule'], trainExamples: number): Strategy['schedule'] {
  return schedule.type === 'synchronous'
    ? { ...schedule, examplesPerRound: Math.min(schedule.examplesPerRound, trainExamples) }
    : { ...schedule, examplesPerLease: Math.min(schedule.examplesPerLease, trainExamples) }
}
