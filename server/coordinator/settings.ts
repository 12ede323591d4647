// From what a person wrote to what a run needs: strategy resolved, model laid out, shards counted.
import { ConfigError } from '../../src/base/errors.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import type { DatasetManifest } from '../../src/data/dataset.ts'
import { resolveAggregator } from '../../src/fed/aggregators/index.ts'
import { resolveCorrection } from '../../src/fed/corrections/index.ts'
import { downOf } from '../../src/fed/corrections/travelling.ts'
import { resolveStrategy } from '../../src/fed/resolve-strategy.ts'
import type { Schedule } from '../../src/fed/strategy.ts'
import type { Layout } from '../../src/model/layout.ts'
import { updateTensors } from '../../src/wire/tensors.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Settings } from './state.ts'

/** Throws ConfigError where the run cannot work. */
export function resolveSettings(runId: string, config: RunConfig, data: { readonly manifest: DatasetManifest; readonly hash: string; readonly parts?: readonly (readonly number[])[] | undefined }, layout: Layout): Settings {
  const dataset = data.manifest
  if (dataset.train.examples === 0) throw new ConfigError(`dataset "${dataset.name}": must have training examples, got none. Check trainExamples.`)
  const { parts } = data
  checkParts(config, parts)
  const strategy = resolveStrategy(config.strategy, { params: layout.packedSize, batchSize: config.batchSize, trainExamples: dataset.train.examples, ...(parts === undefined ? {} : { parts: parts.length }) })
  const aggregator = resolveAggregator(strategy.aggregator)
  const { codec } = resolveCodec(strategy.codec)
  const corrections = (strategy.corrections ?? []).map(resolveCorrection)
  const tensors = updateTensors(layout, corrections)
  return {
    runId, seed: config.seed, batchSize: config.batchSize, epochs: poolsOf(config.epochs, strategy.schedule, parts?.length), schedule: strategy.schedule, local: strategy.local, codec: codec.name,
    minUpdates: aggregator.minUpdates, seesEach: !aggregator.streams, payloadBytes: codec.payloadBytes(tensors.reduce((sum, { size }) => sum + size, 0)),
    modelBytes: 4 * layout.packedSize * (1 + downOf(corrections).length), tensors,
    shards: { train: dataset.train.shards.map(({ examples }) => examples), test: dataset.test.shards.map(({ examples }) => examples) },
    ...(parts === undefined ? {} : { parts }),
    dataHash: data.hash,
    evaluation: config.evaluation,
  }
}

/** Volunteers own parts only where the data are divided, and only whole parts are leased then. */
function checkParts({ strategy: { work = 'examples' }, partition }: RunConfig, parts: Settings['parts']): void {
  if (work === 'partition' && partition === undefined) throw new ConfigError('partition: must be given where strategy.work is "partition", got nothing. Write { "parts": 100 }, for example.')
  if (work !== 'partition' && partition !== undefined) throw new ConfigError(`partition: must be left out where strategy.work is "${work}", got ${partition.parts} parts. Remove it, or set strategy.work to "partition".`)
  if ((partition === undefined) !== (parts === undefined) || partition?.parts !== parts?.length) throw new ConfigError(`data: must be divided into the ${partition?.parts ?? 0} parts of the run, got ${parts?.length ?? 0}. Divide them as the run file says.`)
}

/** How many pools of examples a run goes through: epochs, or the rounds of cohorts that come to as many examples. */
function poolsOf(epochs: number, schedule: Schedule, parts: number | undefined): number {
  if (schedule.type !== 'cohort' || parts === undefined) return epochs
  return Math.ceil((epochs * parts) / (schedule.participants ?? parts))
}
