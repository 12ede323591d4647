// What holds for every codec: announced lengths, any place in memory, hostile bytes, non-finite numbers.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError, WireError } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import type { Codec } from './codec.ts'
import { encodeOwing } from './error-feedback.ts'
import { codecs, resolveCodec } from './index.ts'

const VARIANTS: readonly (readonly [string, Codec])[] = [...codecs.entries(), ['int8 in blocks of 7', resolveCodec({ name: 'int8', blockSize: 7 }).codec]]
const finite = fc.float32Array({ maxLength: 300, noNaN: true, noDefaultInfinity: true })

describe.each(VARIANTS)('codec %s', (_, codec) => {
  it('round-trips, in the bytes it announces', () => {
    fc.assert(fc.property(fc.float32Array({ maxLength: 300 }), (values) => {
      const before = values.slice()
      const bytes = codec.encode(values, createRng(1))
      if (codec.variable) expect(bytes.byteLength).toBeLessThanOrEqual(codec.payloadBytes(values.length))
      else expect(bytes.byteLength).toBe(codec.payloadBytes(values.length))
      const decoded = codec.decode(bytes, values.length)
      expect(decoded.length).toBe(values.length)
      if (codec.lossless) expect(new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength)).toEqual(new Uint8Array(values.buffer))
      expect(values).toEqual(before)
    }))
  })

  it('keeps zeros, signs and the order of magnitude', () => {
    fc.assert(fc.property(finite, (values) => {
      const decoded = codec.decode(codec.encode(values, createRng(2)), values.length)
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      values.forEach((value, i) => {
        if (value === 0) expect(Math.abs(decoded[i]!)).toBe(0)
        expect(decoded[i]! * Math.sign(value)).toBeGreaterThanOrEqual(0)
        expect(Math.abs(decoded[i]!)).toBeLessThanOrEqual(largest * (1 + 1e-3) + 2 ** -24)
      })
    }))
  })

  it('never hides a number that is not finite', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const decoded = codec.decode(codec.encode(Float32Array.of(1, bad, -3), createRng(1)), 3)
      expect(Number.isFinite(decoded[1])).toBe(false)
    }
  })

  it('is the same for the same seed', () => {
    const values = Float32Array.from({ length: 1000 }, (_unused, i) => Math.sin(i))
    expect(codec.encode(values, createRng(5))).toEqual(codec.encode(values, createRng(5)))
  })

  it('decodes payloads at any offset of a larger buffer', () => {
    const values = Float32Array.of(1, -2, 0.5, 3e20)
    const bytes = codec.encode(values, createRng(1))
    for (let offset = 0; offset < 8; offset++) {
      const larger = new Uint8Array(bytes.byteLength + offset)
      larger.set(bytes, offset)
      expect(codec.decode(larger.subarray(offset), 4)).toEqual(codec.decode(bytes, 4))
    }
  })

  it('throws nothing but WireError on any bytes', () => {
    const length = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: codec.payloadBytes(size), maxLength: codec.payloadBytes(size) })
    const right = fc.nat(60).chain((size) => fc.tuple(length(size), fc.constant(size)))
    fc.assert(fc.property(fc.oneof(right, fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(60))), ([bytes, size]) => {
      try {
        expect(codec.decode(bytes, size).length).toBe(size)
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }), { numRuns: 300 })
  })

  it('is right on average, if it says so, and always with error feedback', () => {
    const values = Float32Array.from({ length: 40 }, (_unused, i) => Math.sin(i * 3) * 10 ** ((i % 5) - 3))
    const rounds = 400
    const total = (encode: (round: number) => Uint8Array): Float64Array => {
      const sum = new Float64Array(values.length)
      for (let round = 0; round < rounds; round++) codec.decode(encode(round), values.length).forEach((value, i) => { sum[i]! += value / rounds })
      return sum
    }
    // The coarsest step here, int8's; five standard deviations of a mean of roundings to it.
    const step = 10 / 127
    const deviation = (5 * 0.5 * step) / Math.sqrt(rounds)
    if (codec.unbiased) total((round) => codec.encode(values, createRng(round))).forEach((mean, i) => expect(Math.abs(mean - values[i]!)).toBeLessThan(deviation))
    let owed: Float32Array = new Float32Array(values.length)
    total((round) => {
      const update = encodeOwing(codec, { values, owed, rng: createRng(round) })
      owed = update.owed
      return update.payload
    }).forEach((mean, i) => expect(Math.abs(mean - values[i]!)).toBeLessThan((1.1 * step) / rounds + 1e-7))
  })
})

describe('codec by choice', () => {
  it.each([
    ['an unknown name', 'f23', /Did you mean "f32"/],
    ['an unknown option', { name: 'int8', blocksize: 4 }, /Did you mean "blockSize"/],
    ['error feedback on what loses nothing', { name: 'f32', errorFeedback: true }, /loses nothing/],
  ])('refuses %s', (_, choice, message) => {
    expect(() => resolveCodec(choice)).toThrow(ConfigError)
    expect(() => resolveCodec(choice)).toThrow(message)
  })
})
