// A real run on a real disk for measurements: the coordinator with its threads, on made-up data and a dense model of any size.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { shardDataset, type ShardedDataset } from '../../../src/data/shards.ts'
import type { ModelSpec } from '../../../src/model/spec.ts'
import { realClock } from '../../../src/volunteer/real-clock.ts'
import { RunConfigSchema, type RunConfig } from '../../../src/wire/run-config.ts'
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

export interface BenchSetup {
  readonly config: RunConfig
  readonly dataset: ShardedDataset
  readonly model: ModelSpec
}

export async function benchSetup({ name, features, hidden, trainExamples, batchSize, schedule }: BenchRunOptions): Promise<BenchSetup> {
  const split = (examples: number): { examples: number; values: Uint8Array; labels: Uint8Array } => ({ examples, values: new Uint8Array(examples * features), labels: new Uint8Array(examples) })
  const dataset = await shardDataset({
    name, shape: [features], classes: CLASSES, classNames: Array.from({ length: CLASSES }, (_, i) => String(i)), scale: 1 / 255, offset: 0, train: split(trainExamples), test: split(0),
  }, 1)
  const model: ModelSpec = {
    name, inputs: { x: [features] }, output: 'out',
    nodes: [...hidden.map((units, i) => ({ name: `hidden-${i}`, layer: 'dense', options: { units, activation: 'relu' } })), { name: 'out', layer: 'dense', options: { units: CLASSES } }],
  }
  const config = v.parse(RunConfigSchema, { name, title: name, dataset: { name }, model: name, batchSize, epochs: 1_000_000, strategy: { schedule, serverOptimizer: { name: 'sgd', learningRate: 0.01 }, exactSum: { bound: 16, quantumBits: 24 } } })
  return { config, dataset, model }
}

/** On the disk that runs are kept on. */
export function benchFolder(name: string): string {
  mkdirSync(FOLDER, { recursive: true })
  return mkdtempSync(join(FOLDER, `${name}-`))
}

/** Its folder is removed when it is closed. */
export async function openBenchRun(options: BenchRunOptions): Promise<BenchRun> {
  const dir = benchFolder(options.name)
  const host = await openRun({ dir, ...await benchSetup(options), clock: realClock, numeric: createNumericThreads(WORKER), evaluator: createInlineEvaluator() })
  return {
    host,
    async close() {
      await host.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
