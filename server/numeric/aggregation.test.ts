// The arithmetic of a run (server/SPEC.md N1, N2, X1), and its checkpoints.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { createRng } from '../../src/base/rng.ts'
import { codecs, resolveCodec } from '../../src/codec/index.ts'
import { aggregators } from '../../src/fed/aggregators/index.ts'
import { optimizers } from '../../src/optim/index.ts'
import type { Addend } from '../coordinator/effects.ts'
import { Aggregation } from './aggregation.ts'
import { decodeCheckpoint } from './checkpoint.ts'
import type { NumericSetup } from './numeric.ts'
import { sha256 } from '../sha256.ts'

const SIZE = 6
const setup = (optimizer = 'adam'): NumericSetup => ({
  size: SIZE, trainedSize: SIZE, seed: 1, batchSize: 4, local: { type: 'gradient' }, corrections: [], parts: 1, maxStaleness: 0, held: 0, codec: 'f32', aggregator: 'weighted-mean', exactSum: { bound: 16, quantumBits: 30 },
  optimizer: { name: optimizer, learningRate: 0.1 }, learningRateSchedule: { name: 'constant' },
})
const addend = (weight: number, order = 0, modelVersion = 0): Addend => ({ weight, numExamples: weight, order, modelVersion })
const params = Float32Array.from({ length: SIZE }, (_, i) => i / 10)
const bytesOf = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
const give = (aggregation: Aggregation, lease: string, values: readonly number[]): unknown => {
  const payload = bytesOf(values)
  return aggregation.check(lease, sha256(payload), payload)
}

describe('aggregation', () => {
  it('N1: makes the same bytes in any order', () => {
    const update = fc.record({ values: fc.array(fc.float({ noNaN: true, min: -8, max: 8 }), { minLength: SIZE, maxLength: SIZE }), weight: fc.integer({ min: 1, max: 512 }) })
    const updates = fc.array(update, { minLength: 1, maxLength: 6 })
    fc.assert(fc.property(updates.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list.map((_, i) => i), { minLength: list.length }))), ([list, order]) => {
      const make = (indices: readonly number[]): string => {
        const aggregation = new Aggregation(setup(), { params })
        for (const i of indices) give(aggregation, `l${i}`, list[i]!.values)
        for (const i of indices) aggregation.accumulate(`l${i}`, addend(list[i]!.weight, i))
        return aggregation.apply(1, 1024).hash
      }
      expect(make(order)).toBe(make(list.map((_, i) => i)))
    }))
  })

  it('X1: refuses damage and non-finite values, and changes nothing', () => {
    const aggregation = new Aggregation(setup(), { params })
    const before = aggregation.snapshot().hash
    for (const bad of [NaN, Infinity, -Infinity]) expect(give(aggregation, 'l', [0, 1, bad, 3, 4, 5])).toMatchObject({ ok: false, code: 'non-finite' })
    expect(aggregation.check('l', '0'.repeat(64), bytesOf([1, 2, 3, 4, 5, 6]))).toMatchObject({ ok: false, code: 'wrong-hash' })
    expect(give(aggregation, 'l', [1, 2, 3])).toMatchObject({ ok: false, code: 'malformed' })
    expect(() => aggregation.accumulate('l', addend(1))).toThrow(/checked payload/)
    expect(aggregation.snapshot().hash).toBe(before)
  })

  it.each([...codecs.names(), { name: 'int8', blockSize: 4 }])('decodes what volunteers encode as %j, and combines it as configured', (codec) => {
    const aggregation = new Aggregation({ ...setup('sgd'), codec, aggregator: { name: 'norm-bounded-mean', norm: 5 } }, { params })
    const payload = resolveCodec(codec).codec.encode(Float32Array.of(30, 40, 0, 0, 0, 0), createRng(1))
    expect(aggregation.check('l', sha256(payload), payload)).toEqual({ ok: true, clampedElements: 2 })
    aggregation.accumulate('l', addend(4))
    const next = new Float32Array(aggregation.apply(1, 1024).bytes.buffer)
    // Scaled down to the norm of 5 first, so that nothing is left to clamp; int8 may round a step of 40/127 either way.
    expect(next[0]! - params[0]!).toBeCloseTo(-0.3, 1)
    expect(next[1]! - params[1]!).toBeCloseTo(-0.4, 1)
  })

  it('N2: counts clamped elements and clamps them', () => {
    const aggregation = new Aggregation(setup('sgd'), { params })
    expect(give(aggregation, 'l', [100, -100, 16, 0, 0, 0])).toEqual({ ok: true, clampedElements: 2 })
    aggregation.accumulate('l', addend(4))
    const next = new Float32Array(aggregation.apply(1, 1024).bytes.buffer)
    expect([...next.slice(0, 3)]).toEqual([Math.fround(-1.6), Math.fround(Math.fround(0.1) + 1.6), Math.fround(Math.fround(0.2) - 1.6)])
  })

  it.each(optimizers.names())('goes on from a checkpoint with %s as if nothing had happened', (name) => {
    const train = (aggregation: Aggregation, from: number, to: number): string => {
      for (let version = from; version <= to; version++) {
        give(aggregation, 'l', [1, 2, 3, -1, -2, version])
        aggregation.accumulate('l', addend(64))
        aggregation.apply(version, 512 + version)
      }
      return aggregation.snapshot().hash
    }
    const whole = new Aggregation(setup(name), { params })
    const first = new Aggregation(setup(name), { params })
    train(first, 1, 3)
    const { bytes, file, version } = first.checkpoint()
    expect({ file, version }).toEqual({ file: sha256(bytes), version: 3 })
    expect(train(new Aggregation(setup(name), { checkpoint: bytes }), 4, 6)).toBe(train(whole, 1, 6))
  })

  it.each(aggregators.names())('N1 N3: %s makes the same bytes in any order, and goes on from a checkpoint', (aggregator) => {
    const local = { type: 'steps', steps: 3, optimizer: { name: 'sgd', learningRate: 0.1 } } as const
    const begin = { ...setup('sgd'), aggregator, local }
    const train = (aggregation: Aggregation, from: number, to: number, reversed = false): string => {
      for (let version = from; version <= to; version++) {
        const leases = Array.from({ length: 9 }, (_, i) => i)
        for (const i of reversed ? leases.toReversed() : leases) {
          give(aggregation, `l${i}`, Array.from({ length: SIZE }, (_, k) => Math.sin(version + i * k)))
          aggregation.accumulate(`l${i}`, addend(5 + i, i))
        }
        aggregation.apply(version, 1024)
      }
      return aggregation.snapshot().hash
    }
    const whole = train(new Aggregation(begin, { params }), 1, 4)
    expect(train(new Aggregation(begin, { params }), 1, 4, true)).toBe(whole)
    const first = new Aggregation(begin, { params })
    train(first, 1, 2)
    expect(train(new Aggregation(begin, { checkpoint: first.checkpoint().bytes }), 3, 4)).toBe(whole)
  })

  it('weighs updates by their local steps where the rule does', () => {
    const local = { type: 'epochs', epochs: 1, optimizer: { name: 'sgd', learningRate: 0.1 } } as const
    const aggregation = new Aggregation({ ...setup('sgd'), optimizer: { name: 'sgd', learningRate: 1 }, aggregator: 'nova-mean', local }, { params: new Float32Array(SIZE) })
    // Leases of 4 and of 12 examples take one and three steps of 4: one unit a step each, so (4 + 36) / 16 units on average.
    give(aggregation, 'a', [1, 1, 1, 1, 1, 1])
    give(aggregation, 'b', [3, 3, 3, 3, 3, 3])
    aggregation.accumulate('a', addend(4, 0))
    aggregation.accumulate('b', addend(12, 1))
    expect(new Float32Array(aggregation.apply(1, 1024).bytes.buffer)[0]).toBeCloseTo(-(4 * 1 + 12 * 3) / 16, 6)
  })

  it('refuses a damaged checkpoint as a person can understand it', () => {
    const { bytes } = new Aggregation(setup(), { params }).checkpoint()
    for (const cut of [0, 3, 10, bytes.length - 1]) expect(() => decodeCheckpoint(bytes.slice(0, cut))).toThrow(ConfigError)
  })
})
