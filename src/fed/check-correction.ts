// Holds the other axes of a strategy to what a correction needs of them.
import { ConfigError } from '../base/errors.ts'
import { resolveCodec } from '../codec/index.ts'
import type { Correction } from './corrections/correction.ts'
import type { Strategy } from './strategy.ts'

/** Throws ConfigError naming the axis to change. */
export function checkCorrection({ name, needs }: Correction, strategy: Strategy): void {
  const { local, schedule, serverOptimizer, privacy, codec: choice, work = 'examples' } = strategy
  const refuse = (axis: string, rule: string, got: string, remedy: string): never => {
    throw new ConfigError(`${axis}: must ${rule} for the correction ${name}, got ${got}. ${remedy}, or remove the correction.`)
  }
  if (needs.steps === 'several' && local.type === 'gradient') refuse('local.type', 'be steps or epochs', '"gradient"', 'Set local.type to "steps"')
  if (needs.steps === 'one' && local.type !== 'gradient') refuse('local.type', 'be gradient', `"${local.type}"`, 'Set local.type to "gradient"')
  if (needs.localOptimizers !== undefined && local.type !== 'gradient' && !needs.localOptimizers.includes(local.optimizer.name)) {
    refuse('local.optimizer', `be ${needs.localOptimizers.join(' or ')}`, `"${local.optimizer.name}"`, `Use ${needs.localOptimizers[0]}`)
  }
  if (needs.serverOptimizers !== undefined && !needs.serverOptimizers.includes(serverOptimizer.name)) {
    refuse('serverOptimizer', `be ${needs.serverOptimizers.join(' or ')}`, `"${serverOptimizer.name}"`, `Use ${needs.serverOptimizers[0]}`)
  }
  const rounds = schedule.type === 'synchronous' || schedule.type === 'cohort'
  if (needs.schedule === 'rounds' && !rounds) refuse('schedule.type', 'be one of rounds', `"${schedule.type}"`, 'Use cohort')
  if (needs.schedule === 'asynchronous' && rounds) refuse('schedule.type', 'be one in which updates grow stale', `"${schedule.type}"`, 'Use asynchronous')
  if (needs.ownData === true && work === 'examples') refuse('work', 'be partition or own, as its state belongs to a volunteer\'s data', '"examples"', 'Set work to "partition"')
  if (needs.seesEach === true && privacy.serverSees === 'sum') refuse('privacy.serverSees', 'be each', '"sum"', 'Set privacy.serverSees to "each"')
  const { codec, errorFeedback } = resolveCodec(choice)
  if (needs.exactUpdates === true && !codec.lossless && !errorFeedback) {
    refuse('codec', 'lose nothing for good, as both sides keep count of what was sent,', `"${codec.name}" without error feedback`, 'Use f32, or set codec.errorFeedback to true')
  }
}
