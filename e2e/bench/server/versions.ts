// How long a new version of a large model takes: the mean of the open sum, the optimizer's step, a snapshot and its hash.
import { join } from 'node:path'
import { resolveCodec } from '../../../src/codec/index.ts'
import { createRng } from '../../../src/base/rng.ts'
import type { NumericSetup } from '../../../server/numeric/numeric.ts'
import { createNumericThreads } from '../../../server/numeric/threads.ts'
import { sha256 } from '../../../server/sha256.ts'
import type { AddRow, Row } from './row.ts'

const WORKER = join(import.meta.dirname, 'numeric-worker.js')
/** 102 MB. */
const SIZE = 25_557_032
const VERSIONS = 5

export async function measureVersions(add: AddRow): Promise<void> {
  for (const optimizer of ['sgd', 'adam']) add(await versionRow(optimizer))
}

async function versionRow(optimizer: string): Promise<Row> {
  const setup: NumericSetup = {
    size: SIZE, trainedSize: SIZE, seed: 1, batchSize: 64, local: { type: 'gradient' }, corrections: [], parts: 1, maxStaleness: 0, held: 1, codec: 'f32', aggregator: 'weighted-mean',
    exactSum: { bound: 16, quantumBits: 28 }, optimizer: { name: optimizer, learningRate: 0.1 }, learningRateSchedule: { name: 'constant' },
  }
  const rng = createRng(1)
  const payload = resolveCodec('f32').codec.encode(Float32Array.from({ length: SIZE }, () => rng.uniform() - 0.5), rng)
  const hash = sha256(payload)
  const numeric = createNumericThreads(WORKER)
  await numeric.open(setup, { params: new Float32Array(SIZE) })
  const times: number[] = []
  for (let version = 1; version <= VERSIONS; version++) {
    await numeric.check(`1-${version}`, hash, payload)
    numeric.accumulate(`1-${version}`, { weight: 1, numExamples: 1, order: version, modelVersion: version - 1 })
    // What is asked next is answered when the sum is made.
    await numeric.reserve(payload.length).then((memory) => numeric.release(memory))
    await new Promise((resolve) => setTimeout(resolve, 300))
    const begun = performance.now()
    await numeric.apply(version, 1024)
    times.push(performance.now() - begun)
  }
  const begun = performance.now()
  await numeric.checkpoint()
  const checkpointMs = performance.now() - begun
  await numeric.close()
  const fastest = Math.min(...times)
  return {
    name: `a version of 25.6 M params, ${optimizer}`, value: `${fastest.toFixed(0)} ms`, notes: `fastest of ${VERSIONS}: mean, step, snapshot of 102 MB and its hash, in the summing thread; a checkpoint ${checkpointMs.toFixed(0)} ms`,
    figures: { fastestMs: fastest, slowestMs: Math.max(...times), checkpointMs },
  }
}
