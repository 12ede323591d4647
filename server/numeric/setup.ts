// What the arithmetic of a run must know of it: from the run file and the model's layout, the same for a run that goes on.
import type { AggregatorChoice } from '../../src/fed/aggregators/aggregator.ts'
import { resolveAggregator } from '../../src/fed/aggregators/index.ts'
import { inRounds, type Schedule } from '../../src/fed/strategy.ts'
import type { Layout } from '../../src/model/layout.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { NumericSetup } from './numeric.ts'

export function numericSetup({ strategy, seed, batchSize, partition }: Pick<RunConfig, 'strategy' | 'seed' | 'batchSize' | 'partition'>, layout: Pick<Layout, 'packedSize' | 'packedTrainedSize'>): NumericSetup {
  const { schedule, aggregator, exactSum, serverOptimizer, learningRateSchedule, codec, local, corrections = [] } = strategy
  return {
    size: layout.packedSize, trainedSize: layout.packedTrainedSize, seed, batchSize,
    codec, aggregator, exactSum, optimizer: serverOptimizer, learningRateSchedule, local, corrections,
    parts: partition?.parts ?? 1, maxStaleness: inRounds(schedule) ? 0 : schedule.maxStaleness, held: heldUpdates(schedule, aggregator),
  }
}

/** In rounds an update is added as soon as it is durable, and a version made of each needs no other. */
function heldUpdates(schedule: Schedule, aggregator: AggregatorChoice): number {
  if (schedule.type === 'buffered') return schedule.bufferSize
  return schedule.type === 'semi-synchronous' ? resolveAggregator(aggregator).minUpdates : 0
}
