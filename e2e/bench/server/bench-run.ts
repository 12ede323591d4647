// A real run on a real disk for measurements: the coordinator with its threads, on made-up data and a dense model of any size.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { shardDataset } from '../../../src/data/shards.ts'
import type { ModelSpec } from '../../../src/model/spec.ts'
import { realClock } from '../../../src/volunteer/real-clock.ts'
import { RunConfigSchema } from '../../../src/wire/run-config.ts'
import { openRun } from '../../../server/coordinator/open-run.ts'
import { createInlineEvaluator } from '../../../server/numeric/inline.ts'
import { createNumericThreads } from '../../../server/numeric/threads.ts'
import type { RunHost } from '../../../server/run-host.ts'

export const WORKER = join(import.meta.dirname, 'numeric-worker.js')
const CLASSES = 10
const FOLDER = '.commonweight/bench'

export interface BenchRunOptions {
  readonly name: string
  /** Elements of an example. */
  readonly features: number
  /** Units of hidden layers. */
  readonly hidden: readonly number[]
  readonly trainExamples: number
  readonly batchSize: number
  readonly schedule: object
}

export interface BenchRun {
  readonly host: RunHost
  close(): Promise<void>
}

/** On the disk that runs are kept on; removed when it is closed. */
export async function openBenchRun({ name, features, hidden, trainExamples, batchSize, schedule }: BenchRunOptions): Promise<BenchRun> {
  mkdirSync(FOLDER, { recursive: true })
  const dir = mkdtempSync(join(FOLDER, `${name}-`))
  const split = (examples: number): { examples: number; values: Uint8Array; labels: Uint8Array } => ({ examples, values: new Uint8Array(examples * features), labels: new Uint8Array(examples) })
  const dataset = await shardDataset({
    name, shape: [features], classes: CLASSES, classNames: Array.from({ length: CLASSES }, (_, i) => String(i)), scale: 1 / 255, offset: 0, train: split(trainExamples), test: split(0),
  }, 1)
  const model: ModelSpec = {
    name, inputs: { x: [features] }, output: 'out',
    nodes: [...hidden.map((units, i) => ({ name: `hidden-${i}`, layer: 'dense', options: { units, activation: 'relu' } })), { name: 'out', layer: 'dense', options: { units: CLASSES } }],
  }
  const config = v.parse(RunConfigSchema, { name, title: name, dataset: { name }, model: name, batchSize, epochs: 1_000_000, strategy: { schedule, serverOptimizer: { name: 'sgd', learningRate: 0.01 }, exactSum: { bound: 16, quantumBits: 24 } } })
  const host = await openRun({ dir, config, dataset, model, clock: realClock, numeric: createNumericThreads(WORKER), evaluator: createInlineEvaluator() })
  return {
    host,
    async close() {
      await host.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
