// The kernels against the plain code, bit for bit: what they see in a payload, and what they add to a sum (server/SPEC.md N1, N2, X1).
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRng } from '../../src/base/rng.ts'
import type { CodecChoice } from '../../src/codec/codec.ts'
import { codecs, resolveCodec } from '../../src/codec/index.ts'
import { squaredNorm } from '../../src/fed/aggregators/vectors.ts'
import { addScaled, createExactSum, exactMean, addUpdate } from '../../src/fed/exact-sum.ts'
import { sha256 } from '../sha256.ts'
import { checkPayload } from './check.ts'
import { Checker } from './checker.ts'
import { KernelSum } from './kernel-sum.ts'
import { compileNumericKernels, encodingOf } from './kernels.ts'
import type { NumericSetup } from './numeric.ts'
import { createSharedMemory, payloadBytesOf, planMemory, type SharedMemory } from './shared-memory.ts'

/** Each codec, int8 also with blocks that fit no vector. */
const CODECS: readonly CodecChoice[] = [...codecs.names(), { name: 'int8', blockSize: 7 }, { name: 'int8', blockSize: 1 }]
const SIZES = [1, 3, 4, 8, 255, 1024, 2048, 5003]
const MOST = Math.max(...SIZES)

const setup = (codec: CodecChoice, size: number, bound: number): NumericSetup => ({
  size, trainedSize: size, seed: 1, batchSize: 4, local: { type: 'gradient' }, corrections: [], parts: 1, maxStaleness: 0, held: 20, codec, aggregator: 'norm-bounded-mean',
  exactSum: { bound, quantumBits: 30 }, optimizer: { name: 'sgd', learningRate: 0.1 }, learningRateSchedule: { name: 'constant' },
})

let module: WebAssembly.Module
beforeAll(async () => { module = await compileNumericKernels() })

function memoryFor({ codec, size, held }: NumericSetup): SharedMemory {
  return createSharedMemory(module, planMemory({ size, payloadBytes: payloadBytesOf(codec, size), held, summed: true }))
}

/** Puts payloads into slots. */
function store({ memory, layout }: SharedMemory, payloads: readonly Uint8Array[]): readonly Uint8Array[] {
  return payloads.map((payload, i) => {
    const slot = new Uint8Array(memory.buffer, layout.slots + i * layout.slotBytes, payload.length)
    slot.set(payload)
    return slot
  })
}

/** Numbers of every magnitude, some beyond the bound, ties of the quantum, zeros of either sign. */
const element = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, min: -20, max: 20 }), fc.float({ noNaN: true, min: Math.fround(-1e-5), max: Math.fround(1e-5) }),
  fc.integer({ min: -9, max: 9 }).map((n) => n * 2 ** -31), fc.constantFrom(0, -0, 16, -16, 65504, 2 ** -24, 2 ** -149),
)
const values = fc.tuple(fc.constantFrom(...SIZES), fc.array(element, { minLength: 16, maxLength: 64 }), fc.nat())
  .map(([size, some, seed]) => {
    const rng = createRng(seed)
    return Float32Array.from({ length: size }, () => some[rng.integer(some.length)]!)
  })
/** A bound that is an f32, ones that are not, and one that no half lies beyond. */
const bound = fc.constantFrom(16, 0.1, 1 / 3, 1e5)

describe.each(CODECS)('kernels of %j', (codec) => {
  const encode = (from: Float32Array): Uint8Array => resolveCodec(codec).codec.encode(from, createRng(from.length))

  it('see what the plain check sees, and the same norm', () => {
    fc.assert(fc.property(values, bound, fc.option(fc.constantFrom(NaN, Infinity, -Infinity)), fc.nat(), (from, limit, bad, at) => {
      if (bad !== null) from[at % from.length] = bad
      const given = setup(codec, from.length, limit), shared = memoryFor(given)
      const [slot] = store(shared, [encode(from)])
      const expected = checkPayload({ codec: resolveCodec(codec).codec, payloadSize: from.length, bound: limit }, sha256(slot!), slot!)
      const found = new Checker(given, shared, 1).check(sha256(slot!), { address: slot!.byteOffset, bytes: slot!.length })
      expect(found.verdict).toEqual(expected.verdict)
      expect(found.verdict.ok).toBe(bad === null)
      if (expected.values !== undefined) expect(found.squaredNorm).toBe(squaredNorm(expected.values))
    }), { numRuns: 60 })
  })

  it('see in any bytes what the plain check sees', () => {
    const size = 37, given = setup(codec, size, 16), shared = memoryFor(given), checker = new Checker(given, shared, 0)
    const bytes = payloadBytesOf(codec, size)
    fc.assert(fc.property(fc.uint8Array({ minLength: bytes - 1, maxLength: bytes }), fc.boolean(), (payload, damaged) => {
      const [slot] = store(shared, [payload])
      const hash = sha256(damaged ? 'something else' : payload)
      expect(checker.check(hash, { address: slot!.byteOffset, bytes: payload.length }).verdict)
        .toEqual(checkPayload({ codec: resolveCodec(codec).codec, payloadSize: size, bound: 16 }, hash, payload).verdict)
    }), { numRuns: 200 })
  })

  it('add what the plain sum adds, in any order and grouping', () => {
    const scaling = fc.record({ weight: fc.integer({ min: 1, max: 512 }), factor: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })) })
    const updates = fc.tuple(fc.constantFrom(...SIZES), fc.array(fc.tuple(values, scaling, fc.boolean()), { minLength: 1, maxLength: 20 }))
    fc.assert(fc.property(updates, bound, ([size, list], limit) => {
      const given = setup(codec, size, Math.min(limit, 16)), shared = memoryFor(given), { exactSum } = given
      const { codec: plain } = resolveCodec(codec)
      const slots = store(shared, list.map(([from]) => encode(stretched(from, size))))
      const reference = createExactSum(size, exactSum)
      slots.forEach((slot, i) => addScaled(reference, plain.decode(slot, size), list[i]![1]))
      const engine = new KernelSum({ ...shared, size, payloadSize: size, encoding: encodingOf(codec)!, exactSum })
      const sum = createExactSum(size, exactSum, engine)
      for (const [i, slot] of [...slots.entries()].reverse()) {
        const [, each, flushes] = list[i]!
        addUpdate(sum, { get values(): Float32Array { throw new Error('must stay encoded') }, encoded: slot }, each)
        if (flushes) engine.flush()
      }
      expect(new Float64Array(exactMean(sum))).toEqual(new Float64Array(exactMean(reference)))
      expect(sum.sums.slice()).toEqual(reference.sums)
      expect([sum.clamped, sum.totalWeight]).toEqual([reference.clamped, reference.totalWeight])
    }), { numRuns: 40 })
  })
})

it('adds decoded values to a sum that has an engine', () => {
  const given = setup('f32', MOST, 16), shared = memoryFor(given), { exactSum } = given
  const sum = createExactSum(MOST, exactSum, new KernelSum({ ...shared, size: MOST, payloadSize: MOST, encoding: encodingOf('f32')!, exactSum }))
  const from = Float32Array.from({ length: MOST }, (_, i) => Math.sin(i))
  addUpdate(sum, { values: from }, { weight: 3, factor: 0.5 })
  expect(exactMean(sum)[1]).toBeCloseTo(Math.sin(1) / 2, 6)
})

/** `from`, repeated, of another length. */
const stretched = (from: Float32Array, size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => from[i % from.length]!)
