// Rejects, before a run starts, the combinations of axes that cannot work, naming the remedy.
import { ConfigError } from '../base/errors.ts'
import { ceilDiv } from '../base/math.ts'
import { resolveCodec } from '../codec/index.ts'
import { resolveOptimizer } from '../optim/index.ts'
import { resolveFixedSchedule } from '../optim/schedules.ts'
import type { Aggregator } from './aggregators/aggregator.ts'
import { resolveAggregator } from './aggregators/index.ts'
import { checkCorrection } from './check-correction.ts'
import { resolveCorrection } from './corrections/index.ts'
import { requireRunnable } from './runs-today.ts'
import { resolveStaleness } from './staleness.ts'
import type { Schedule, Strategy } from './strategy.ts'

const WEIGHT_UNITS = 1024

/** Local optimizers whose steps FedNova can weigh (see corrections/local-norm.ts). */
const NOVA_OPTIMIZERS = ['sgd', 'momentum', 'nesterov']

export interface StrategyContext {
  /** Elements of the packed params. */
  readonly params: number
  /** Examples in one forward and backward pass on a volunteer. */
  readonly batchSize: number
  readonly trainExamples: number
  /** Parts that the data are divided into, where they are. */
  readonly parts?: number
}

/** The strategy as it will run. Throws ConfigError where it cannot, or where this coordinator cannot run it yet. */
export const resolveStrategy = (strategy: Strategy, context: StrategyContext): Strategy => requireRunnable(checkStrategy(strategy, context))

/** The strategy with rounds no larger than an epoch. Throws ConfigError where its axes do not go together. */
export function checkStrategy(strategy: Strategy, context: StrategyContext): Strategy {
  const aggregator = resolveAggregator(strategy.aggregator)
  resolveOptimizer(strategy.serverOptimizer)
  resolveFixedSchedule(strategy.learningRateSchedule)
  resolveCodec(strategy.codec)
  const schedule = fitSchedule(strategy.schedule, context.trainExamples)
  const fitted = { ...strategy, schedule }
  checkSchedule(fitted, context)
  checkLocal(fitted, aggregator)
  checkAggregator(fitted, aggregator, context)
  checkPrivacy(fitted, aggregator)
  checkOnce(strategy.corrections ?? [])
  for (const choice of strategy.corrections ?? []) checkCorrection(resolveCorrection(choice), fitted)
  aggregator.check({ size: context.params, exactSum: strategy.exactSum }, largestWeight(schedule, context))
  return fitted
}

/** State and what travels are told apart by a correction's name. */
function checkOnce(corrections: readonly { readonly name: string }[]): void {
  const twice = corrections.find(({ name }, i) => corrections.findIndex((other) => other.name === name) < i)
  if (twice !== undefined) throw new ConfigError(`corrections: must name each correction once, got ${twice.name} twice. Remove one of them.`)
}

/** A round or lease larger than an epoch would never fill. */
function fitSchedule(schedule: Schedule, trainExamples: number): Schedule {
  if (schedule.type === 'synchronous') return { ...schedule, examplesPerRound: Math.min(schedule.examplesPerRound, trainExamples) }
  return schedule.examplesPerLease === undefined ? schedule : { ...schedule, examplesPerLease: Math.min(schedule.examplesPerLease, trainExamples) }
}

function checkSchedule({ schedule, work = 'examples' }: Strategy, { batchSize, trainExamples, parts }: StrategyContext): void {
  const perLease = schedule.type === 'synchronous' ? schedule.examplesPerRound : schedule.examplesPerLease
  const key = schedule.type === 'synchronous' ? 'examplesPerRound' : 'examplesPerLease'
  if (work === 'examples' && perLease === undefined) throw new ConfigError('schedule.examplesPerLease: must be given where work is "examples", got nothing. Give it, or set work to "partition".')
  if (work !== 'examples' && perLease !== undefined) {
    throw new ConfigError(`schedule.${key}: must be left out where work is "${work}", as a lease is a volunteer's part of the data, got ${perLease}. Remove it, or set work to "examples"${schedule.type === 'synchronous' || schedule.type === 'asynchronous' ? ', or schedule.type to "cohort" or "buffered"' : ''}.`)
  }
  if (work === 'examples' && schedule.type === 'cohort' && schedule.participants === undefined) {
    throw new ConfigError('schedule.participants: must be given where work is "examples", got nothing. Give it, or set work to "partition".')
  }
  if (schedule.type === 'cohort' && parts !== undefined && (schedule.participants ?? 0) > parts) {
    throw new ConfigError(`schedule.participants: must be at most the ${parts} parts of the data, got ${schedule.participants}. Lower it, or divide the data into more parts.`)
  }
  if (perLease !== undefined && perLease < batchSize && perLease < trainExamples) {
    throw new ConfigError(`batchSize: must be at most the ${perLease} examples of one ${schedule.type === 'synchronous' ? 'round' : 'lease'}, got ${batchSize}. Lower batchSize or raise the other.`)
  }
  checkStaleness(schedule)
}

function checkStaleness(schedule: Schedule): void {
  if (schedule.type === 'synchronous' || schedule.type === 'cohort' || schedule.weighting === undefined) return
  const weight = resolveStaleness(schedule.weighting)
  if (schedule.weighting.name === 'hinge' && weight(schedule.maxStaleness) === 1) {
    throw new ConfigError(`schedule.weighting: must begin to fall before maxStaleness, got a hinge that never does in 0..${schedule.maxStaleness}. Lower weighting.after, raise maxStaleness, or use the weighting constant.`)
  }
}

function checkLocal({ local }: Strategy, aggregator: Aggregator): void {
  if (local.type !== 'gradient') {
    resolveOptimizer(local.optimizer)
    if (local.learningRateSchedule !== undefined) resolveFixedSchedule(local.learningRateSchedule)
  }
  if (aggregator.name !== 'nova-mean') return
  if (local.type === 'gradient') throw new ConfigError('aggregator: must not be "nova-mean" where local work is one gradient, as it corrects for unequal local steps. Use weighted-mean, or set local.type to "epochs".')
  if (!NOVA_OPTIMIZERS.includes(local.optimizer.name)) throw new ConfigError(`local.optimizer: must be one of ${NOVA_OPTIMIZERS.join(', ')} for the aggregator nova-mean, which weighs their steps, got "${local.optimizer.name}". Use one of them, or weighted-mean.`)
}

function checkAggregator({ schedule }: Strategy, aggregator: Aggregator, context: StrategyContext): void {
  if (schedule.type === 'asynchronous' && !aggregator.streams) {
    throw new ConfigError(`aggregator: must work on single updates in an asynchronous schedule, got "${aggregator.name}", which compares several. Use weighted-mean, or a synchronous or buffered schedule.`)
  }
  const updates = surelyCombined(schedule, context)
  if (aggregator.minUpdates > updates) {
    throw new ConfigError(`aggregator "${aggregator.name}": must get ${aggregator.minUpdates} updates at least, got ${updates} in the smallest ${schedule.type === 'buffered' ? 'buffer' : 'round'}. Raise ${enlarge(schedule)}, or lower its byzantine or bucketing.`)
  }
}

/** How many updates one version is made of at least, as far as that is known beforehand: the coordinator waits for the aggregator's minimum otherwise. */
function surelyCombined(schedule: Schedule, { batchSize, parts, trainExamples }: StrategyContext): number {
  switch (schedule.type) {
    case 'synchronous': return ceilDiv(schedule.examplesPerRound, batchSize)
    case 'asynchronous': return 1
    case 'cohort': return Math.min(Math.ceil((schedule.participants ?? parts ?? Infinity) * schedule.quorum), schedule.examplesPerLease === undefined ? Infinity : ceilDiv(trainExamples, schedule.examplesPerLease))
    case 'buffered': return schedule.bufferSize
    case 'semi-synchronous': return schedule.maxUpdates
  }
}

function enlarge(schedule: Schedule): string {
  switch (schedule.type) {
    case 'synchronous': return 'examplesPerRound'
    case 'asynchronous': return 'examplesPerLease'
    case 'cohort': return 'participants or quorum'
    case 'buffered': return 'bufferSize'
    case 'semi-synchronous': return 'maxUpdates'
  }
}

/** The largest sum of weights that one version may be made of: examples, or factors of at most 1 in units of 2^-10. */
function largestWeight(schedule: Schedule, { trainExamples }: StrategyContext): number {
  switch (schedule.type) {
    case 'synchronous': return schedule.examplesPerRound
    case 'asynchronous': return WEIGHT_UNITS
    case 'cohort': return schedule.examplesPerLease === undefined ? trainExamples : schedule.examplesPerLease * Math.ceil((schedule.participants ?? 1) * (1 + (schedule.overSelection ?? 0)))
    case 'buffered': return WEIGHT_UNITS * schedule.bufferSize
    case 'semi-synchronous': return WEIGHT_UNITS * schedule.maxUpdates
  }
}

function checkPrivacy({ privacy, schedule }: Strategy, aggregator: Aggregator): void {
  if (privacy.serverSees === 'each') return
  if (aggregator.sees === 'each') throw new ConfigError(`aggregator: must work on sums where privacy.serverSees is "sum", got "${aggregator.name}", which must see each update. Use weighted-mean, or let the server see each.`)
  if (schedule.type !== 'synchronous' && schedule.type !== 'cohort') throw new ConfigError(`schedule.type: must be one of rounds where privacy.serverSees is "sum", as masks cancel only within a round, got "${schedule.type}". Use synchronous or cohort.`)
}
