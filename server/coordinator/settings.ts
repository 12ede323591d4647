// From what a person wrote to what a run needs: strategy resolved, model laid out, shards counted.
import { ConfigError } from '../../src/base/errors.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import type { DatasetManifest } from '../../src/data/dataset.ts'
import { resolveStrategy } from '../../src/fed/resolve-strategy.ts'
import type { Layout } from '../../src/model/layout.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Settings } from './state.ts'

/** Throws ConfigError where the run cannot work. */
export function resolveSettings(runId: string, config: RunConfig, data: { readonly manifest: DatasetManifest; readonly hash: string }, layout: Layout): Settings {
  const dataset = data.manifest
  if (dataset.train.examples === 0) throw new ConfigError(`dataset "${dataset.name}": must have training examples, got none. Check trainExamples.`)
  const strategy = resolveStrategy(config.strategy, { params: layout.packedSize, batchSize: config.batchSize, trainExamples: dataset.train.examples })
  const { codec } = resolveCodec(strategy.codec)
  return {
    runId, seed: config.seed, batchSize: config.batchSize, epochs: config.epochs, schedule: strategy.schedule, codec: codec.name,
    payloadBytes: codec.payloadBytes(layout.packedSize),
    tensors: layout.entries.map(({ name, role, size }) => ({ name, role, size })),
    shards: { train: dataset.train.shards.map(({ examples }) => examples), test: dataset.test.shards.map(({ examples }) => examples) },
    dataHash: data.hash,
    evaluation: config.evaluation,
  }
}
