// The numeric threads against the plain code in this thread: the same versions and checkpoints, bit for bit (server/SPEC.md N1, X1), and
// payloads that wait for memory.
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createRng } from '../src/base/rng.ts'
import { resolveCodec } from '../src/codec/index.ts'
import { createInlineNumeric } from '../server/numeric/inline.ts'
import type { Numeric, NumericSetup } from '../server/numeric/numeric.ts'
import { createNumericThreads } from '../server/numeric/threads.ts'
import { sha256 } from '../server/sha256.ts'

const WORKER = join(import.meta.dirname, '../dist/node/numeric-worker.js')
const SIZE = 3001

const base: NumericSetup = {
  size: SIZE, trainedSize: SIZE - 5, seed: 1, batchSize: 4, local: { type: 'steps', steps: 3, optimizer: { name: 'sgd', learningRate: 0.1 } }, corrections: [], parts: 4, maxStaleness: 0, held: 0,
  codec: 'f32', aggregator: 'weighted-mean', exactSum: { bound: 16, quantumBits: 28 }, optimizer: { name: 'adam', learningRate: 0.1 }, learningRateSchedule: { name: 'constant' },
}

/** One of each way through the threads. */
const SETUPS: Readonly<Record<string, NumericSetup>> = {
  'f32, weighted mean': base,
  'f16, norm-bounded mean': { ...base, codec: 'f16', aggregator: { name: 'norm-bounded-mean', norm: 30 } },
  'int8, nova-mean': { ...base, codec: { name: 'int8', blockSize: 100 }, aggregator: 'nova-mean' },
  'int8, median': { ...base, codec: 'int8', aggregator: 'median' },
  'f32, scaffold': { ...base, corrections: [{ name: 'scaffold' }] },
  'f32, delay compensation': { ...base, local: { type: 'gradient' }, corrections: [{ name: 'delay-compensation' }], maxStaleness: 2 },
}

let threads: Numeric | undefined
afterEach(async () => {
  await threads?.close()
  threads = undefined
})

describe.each(Object.entries(SETUPS))('%s', (_, setup) => {
  test('makes the same versions and checkpoints', async () => {
    threads = createNumericThreads(WORKER)
    const made = [threads, createInlineNumeric()].map((numeric) => versions(numeric, setup))
    const [found, expected] = await Promise.all(made)
    expect(found).toEqual(expected)
  })
})

/** Hashes of three versions of five updates each, one of them refused, and of the checkpoint. */
async function versions(numeric: Numeric, setup: NumericSetup): Promise<readonly string[]> {
  const rng = createRng(5)
  const payloadSize = setup.corrections.some(({ name }) => name === 'scaffold') ? 2 * SIZE : SIZE
  const hashes = [(await numeric.open(setup, { params: Float32Array.from({ length: SIZE }, () => rng.normal()) })).hash]
  for (let version = 1; version <= 3; version++) {
    const checks = Array.from({ length: 5 }, async (_, i) => {
      const values = Float32Array.from({ length: payloadSize }, () => rng.normal() * 5)
      if (i === 3) values[payloadSize - 1] = NaN
      const payload = resolveCodec(setup.codec).codec.encode(values, rng)
      const memory = i % 2 === 0 ? await numeric.reserve(payload.length) : new Uint8Array(payload.length)
      memory.set(payload)
      const verdict = await numeric.check(`1-${version * 10 + i}`, sha256(payload), memory)
      expect(verdict.ok).toBe(i !== 3)
    })
    await Promise.all(checks)
    for (let i = 0; i < 5; i++) {
      const leaseId = `1-${version * 10 + i}`
      if (i === 3) numeric.discard(leaseId)
      else numeric.accumulate(leaseId, { weight: i + 1, numExamples: 4 * (i + 1), order: version * 10 + i, modelVersion: Math.max(0, version - 1 - (setup.maxStaleness > 0 ? i % 2 : 0)) })
    }
    hashes.push((await numeric.apply(version, 1024)).hash)
  }
  return [...hashes, (await numeric.checkpoint()).file]
}

test('a payload waits while the budget is used up, in the order of asking, until another is added or given up', async () => {
  threads = createNumericThreads(WORKER, { payloadBudget: 0 })
  await threads.open(base, { params: new Float32Array(SIZE) })
  const payload = new Uint8Array(SIZE * 4)
  // The two that there are at least.
  const [first, second] = [await threads.reserve(payload.length), await threads.reserve(payload.length)]
  const got: string[] = []
  const waiting = ['third', 'fourth'].map((name) => threads!.reserve(payload.length).then((memory) => { got.push(name); return memory }))
  await threads.check('1-1', sha256(payload), first)
  expect(got).toEqual([])
  threads.accumulate('1-1', { weight: 1, numExamples: 1, order: 1, modelVersion: 0 })
  const third = await waiting[0]!
  expect(got).toEqual(['third'])
  expect(third.byteOffset).toBe(first.byteOffset)
  threads.release(second)
  await waiting[1]
  expect(got).toEqual(['third', 'fourth'])
  expect(() => threads!.release(new Uint8Array(first.buffer, second.byteOffset + 64, 1))).toThrow(/given back once/)
})
