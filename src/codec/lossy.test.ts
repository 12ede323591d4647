// What each lossy codec promises of its own.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../base/rng.ts'
import { encodeOwing } from './error-feedback.ts'
import { f16, LARGEST_HALF } from './f16.ts'
import { resolveCodec } from './index.ts'
import { int8 } from './int8.ts'

const rng = createRng(1)
const half = (value: number): number => f16.decode(f16.encode(Float32Array.of(value), rng), 1)[0]!
const halfOf = (bits: number): number => f16.decode(new Uint8Array(Uint16Array.of(bits).buffer), 1)[0]!

/** The value of a half by the definition of the format. */
function define(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 0x3ff
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

describe('f16', () => {
  it('decodes all 65,536 halves by the definition, and encodes them back', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfOf(bits)
      if (!Object.is(value, define(bits))) expect(value, `half ${bits}`).toBe(define(bits))
      const again = new Uint16Array(f16.encode(Float32Array.of(value), rng).slice().buffer)[0]!
      if (!Number.isNaN(value) && again !== bits) expect(again, `half of ${value}`).toBe(bits)
    }
  })

  it('rounds to the nearest, ties to even', () => {
    fc.assert(fc.property(fc.nat(0x7bfe), fc.double({ min: 0, max: 1, noNaN: true }), (bits, fraction) => {
      const low = define(bits), high = define(bits + 1)
      const value = Math.fround(low + fraction * (high - low))
      const nearest = value - low < high - value ? low : value - low > high - value ? high : bits % 2 === 0 ? low : high
      expect(half(value)).toBe(nearest)
      expect(half(-value)).toBe(-nearest)
    }), { numRuns: 2000 })
    expect([half(2049), half(2051), half(2 ** -25), half(3 * 2 ** -25), half(-0)]).toEqual([2048, 2052, 0, 2 ** -23, -0])
  })

  it('clamps what is too large and counts it', () => {
    let clamped = 0
    const values = Float32Array.of(65504, 65519.99, 65520, -1e9, 3e38, 1, Infinity, NaN)
    const decoded = f16.decode(f16.encode(values, rng, { onClamped: (elements) => { clamped += elements } }), 8)
    expect([...decoded]).toEqual([LARGEST_HALF, LARGEST_HALF, LARGEST_HALF, -LARGEST_HALF, LARGEST_HALF, 1, Infinity, NaN])
    expect(clamped).toBe(3)
  })
})

describe('int8', () => {
  it('takes 1 byte an element and 4 a block', () => {
    expect([0, 1, 256, 257].map((size) => int8.payloadBytes(size))).toEqual([0, 5, 260, 265])
  })

  it('is at most one step off, a step being 1/127 of the largest of the block', () => {
    const { codec } = resolveCodec({ name: 'int8', blockSize: 8 })
    fc.assert(fc.property(fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true }), fc.nat(), (values, seed) => {
      const decoded = codec.decode(codec.encode(values, createRng(seed)), values.length)
      decoded.forEach((value, i) => {
        const start = i - (i % 8)
        const step = values.subarray(start, start + 8).reduce((most, other) => Math.max(most, Math.abs(other)), 0) / 127
        expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(step * (1 + 1e-6) + 2 ** -148)
      })
    }))
  })

  it('keeps the largest of a block, and small values of other blocks', () => {
    const { codec } = resolveCodec({ name: 'int8', blockSize: 2 })
    const values = Float32Array.of(1000, -3, 1e-6, -1e-6)
    const decoded = codec.decode(codec.encode(values, rng), 4)
    expect(decoded[0]).toBeCloseTo(1000, 3)
    expect(decoded[2]! * 1e6).toBeCloseTo(1, 5)
    expect(decoded[3]! * 1e6).toBeCloseTo(-1, 5)
  })

  it('rounds up as often as the fraction says', () => {
    const values = new Float32Array(100_000).fill(0.25)
    values[0] = 127
    const { codec } = resolveCodec({ name: 'int8', blockSize: 100_000 })
    const ups = codec.decode(codec.encode(values, createRng(9)), values.length).filter((value) => value === 1).length
    // Five standard deviations of a binomial count.
    expect(Math.abs(ups - 25_000)).toBeLessThan(5 * Math.sqrt(100_000 * 0.25 * 0.75))
  })

  it('stays finite at the edge of f32', () => {
    const decoded = int8.decode(int8.encode(Float32Array.of(3.4028234e38, -3.4028234e38, 1e-45), rng), 3)
    expect([...decoded].every(Number.isFinite)).toBe(true)
    expect(decoded[0]! / 3.4028234e38).toBeCloseTo(1, 5)
  })
})

describe('error feedback', () => {
  const values = Float32Array.of(1, 0.3, 0.001)

  it('owes what was lost', () => {
    const { payload, owed } = encodeOwing(f16, { values, owed: new Float32Array(3), rng })
    const sent = f16.decode(payload, 3)
    owed.forEach((value, i) => expect(value).toBe(Math.fround(values[i]! - sent[i]!)))
    expect(owed[1]).not.toBe(0)
  })

  it('changes nothing of what was owed before, in case the update comes to nothing', () => {
    const before = Float32Array.of(0.1, 0.2, 0.3)
    const { owed } = encodeOwing(f16, { values, owed: before, rng })
    expect(before).toEqual(Float32Array.of(0.1, 0.2, 0.3))
    expect(owed).not.toBe(before)
  })

  it('does not keep what is not finite', () => {
    const { owed } = encodeOwing(int8, { values: Float32Array.of(1, NaN, 2), owed: new Float32Array(3), rng })
    expect([...owed].every(Number.isFinite)).toBe(true)
  })
})
