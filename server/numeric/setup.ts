// What the arithmetic of a run must know of it: from the run file and the model's layout, the same for a run that goes on.
import type { Layout } from '../../src/model/layout.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { NumericSetup } from './numeric.ts'

export function numericSetup({ strategy, seed, batchSize }: Pick<RunConfig, 'strategy' | 'seed' | 'batchSize'>, layout: Pick<Layout, 'packedSize' | 'packedTrainedSize'>): NumericSetup {
  const { aggregator, exactSum, serverOptimizer, learningRateSchedule, codec, local, corrections = [] } = strategy
  return {
    size: layout.packedSize, trainedSize: layout.packedTrainedSize, seed, batchSize,
    codec, aggregator, exactSum, optimizer: serverOptimizer, learningRateSchedule, local, corrections,
  }
}
