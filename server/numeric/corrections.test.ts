// Corrections in the arithmetic of a run (server/SPEC.md N1, N4, N5): against their formulas, in any order, across checkpoints.
import { describe, expect, it } from 'vitest'
import { sha256 } from '../sha256.ts'
import { Aggregation } from './aggregation.ts'
import type { NumericSetup } from './numeric.ts'

const SIZE = 4
const params = Float32Array.of(0.5, -0.25, 1, 2)
const base: NumericSetup = {
  size: SIZE, trainedSize: SIZE, seed: 1, batchSize: 4, codec: 'f32', aggregator: 'weighted-mean', exactSum: { bound: 16, quantumBits: 30 },
  local: { type: 'steps', steps: 3, optimizer: { name: 'sgd', learningRate: 0.1 } }, optimizer: { name: 'sgd', learningRate: 1 }, learningRateSchedule: { name: 'constant' },
  corrections: [], parts: 8, maxStaleness: 0, held: 0,
}
const SETUPS: Readonly<Record<string, NumericSetup>> = {
  scaffold: { ...base, corrections: [{ name: 'scaffold' }] },
  'fed-dyn': { ...base, corrections: [{ name: 'fed-dyn', alpha: 0.1 }] },
  'delay-compensation': { ...base, local: { type: 'gradient' }, optimizer: { name: 'adam', learningRate: 0.1 }, corrections: [{ name: 'delay-compensation', lambda: 0.5 }], maxStaleness: 2 },
}

const values = (lease: number, size: number): number[] => Array.from({ length: size }, (_, i) => Math.sin(lease * 7 + i))
const floats = (bytes: Uint8Array): number[] => [...new Float32Array(bytes.slice().buffer)]
const updateSize = (setup: NumericSetup): number => (setup.corrections[0]?.name === 'scaffold' ? 2 * SIZE : SIZE)

/** Checks and adds an update, as if computed so many versions ago. */
function give(aggregation: Aggregation, lease: number, update: readonly number[], { weight = 4, modelVersion = 0 } = {}): void {
  const payload = new Uint8Array(Float32Array.from(update).buffer)
  expect(aggregation.check(`l${lease}`, sha256(payload), payload)).toMatchObject({ ok: true })
  aggregation.accumulate(`l${lease}`, { weight, numExamples: weight, modelVersion, order: lease })
}

function train(aggregation: Aggregation, setup: NumericSetup, from: number, to: number, reversed = false): string[] {
  const hashes: string[] = []
  for (let version = from; version <= to; version++) {
    const leases = [1, 2, 3].map((i) => version * 10 + i)
    for (const lease of reversed ? leases.toReversed() : leases) {
      const modelVersion = Math.max(0, version - 1 - (setup.maxStaleness === 0 ? 0 : lease % 3))
      give(aggregation, lease, values(lease, updateSize(setup)), { weight: 1 + (lease % 4), modelVersion })
    }
    hashes.push(aggregation.apply(version, 1024).hash)
  }
  return hashes
}

describe.each(Object.entries(SETUPS))('%s', (_, setup) => {
  const whole = train(new Aggregation(setup, { params }), setup, 1, 6)

  it('N1: makes the same bytes in any order', () => expect(train(new Aggregation(setup, { params }), setup, 1, 6, true)).toEqual(whole))

  it('N4: goes on from a checkpoint as if nothing had happened', () => {
    for (const at of [0, 1, 3, 4]) {
      const first = new Aggregation(setup, { params })
      train(first, setup, 1, at)
      expect(train(new Aggregation(setup, { checkpoint: first.checkpoint().bytes }), setup, at + 1, 6)).toEqual(whole.slice(at))
    }
  })
})

describe('formulas', () => {
  it('M3: scaffold: moves its control by the unweighted mean of the changes, for the part of the data that took part, and sends it down', () => {
    const aggregation = new Aggregation(SETUPS['scaffold']!, { params })
    give(aggregation, 1, [1, 1, 1, 1, 8, 0, 0, -4], { weight: 1 })
    give(aggregation, 2, [5, 1, 1, 1, 0, 4, 0, -4], { weight: 3 })
    const { bytes, hash, totalWeight } = aggregation.apply(1, 1024)
    // Two of eight parts, and a mean of [4, 2, 0, -4]; params less the weighted mean of [4, 1, 1, 1].
    expect(floats(bytes)).toEqual([-3.5, -1.25, 0, 1, 1, 0.5, 0, -1])
    expect(totalWeight).toBe(4)
    expect(hash).toBe(sha256(bytes))
  })

  it('fed-dyn: steps by the mean and by what has been left over of all rounds', () => {
    const aggregation = new Aggregation(SETUPS['fed-dyn']!, { params })
    give(aggregation, 1, [4, 0, 0, 0])
    give(aggregation, 2, [0, 8, 0, 0])
    // Mean [2, 4, 0, 0], offset a quarter of it.
    expect(floats(aggregation.apply(1, 1024).bytes)).toEqual([0.5 - 2.5, -0.25 - 5, 1, 2])
  })

  it('N5: delay-compensation: adds lambda g^2 times the way that the model has gone since', () => {
    const setup = { ...SETUPS['delay-compensation']!, optimizer: { name: 'sgd', learningRate: 1 } }
    const aggregation = new Aggregation(setup, { params })
    give(aggregation, 1, [1, 0, 0, 0])
    aggregation.apply(1, 1024)
    give(aggregation, 2, [2, 2, 0, 0], { modelVersion: 0 })
    // The model has gone from 0.5 to -0.5: 2 + 0.5 * 4 * -1 = 0.
    expect(floats(aggregation.apply(2, 1024).bytes)).toEqual([-0.5, -2.25, 1, 2])
    give(aggregation, 3, [1e30, 0, 0, 0], { modelVersion: 0 })
    // Clamped to 16 before it is squared, and again as it is added.
    expect(floats(aggregation.apply(3, 1024).bytes)[0]).toBe(-0.5 + 16)
  })

  it('N5: delay-compensation: remembers maxStaleness versions and no more', () => {
    const setup = SETUPS['delay-compensation']!
    const aggregation = new Aggregation(setup, { params })
    train(aggregation, setup, 1, 6)
    const arrays = (aggregation.checkpoint().bytes.length / (SIZE * 4)) | 0
    train(aggregation, setup, 7, 20)
    expect((aggregation.checkpoint().bytes.length / (SIZE * 4)) | 0).toBe(arrays)
    expect(() => give(aggregation, 99, values(1, SIZE), { modelVersion: 17 })).toThrow(/params of version 17/)
    expect(() => give(aggregation, 98, values(1, SIZE), { modelVersion: 18 })).not.toThrow()
  })
})
