// Little-endian 16-bit floats (IEEE 754 binary16), rounded to nearest, ties to even, subnormals included. Finite values
// beyond 65504 are clamped and counted. Integer arithmetic on the bits: Float16Array is not there in every browser.
import { WireError } from '../base/errors.ts'
import { aligned } from './codec.ts'
import { noOptions, register } from './register.ts'

/** Bits of 2^-14, the smallest normal half, of 65520, which would round to 2^16, and of infinity, all as f32. */
const SMALLEST_NORMAL = 0x38800000
const TOO_LARGE = 0x477ff000
const INFINITE = 0x7f800000
/** Added to a number below 2^-14, this float leaves its multiple of 2^-24 in the lowest bits, rounded as any sum is. */
const SUBNORMAL_MAGIC = 0.5
const SUBNORMAL_MAGIC_BITS = 0x3f000000
/** The exponent's bias is 15 instead of 127. */
const REBIAS = (15 - 127) << 23

export const LARGEST_HALF = 65504

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

export const f16 = register(noOptions, () => ({
  name: 'f16',
  lossless: false,
  unbiased: false,
  variable: false,
  payloadBytes: (size) => size * 2,
  encode(values, _rng, hints) {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
    const halves = new Uint16Array(values.length)
    let clamped = 0
    for (let i = 0; i < bits.length; i++) {
      const magnitude = bits[i]! & 0x7fffffff
      if (magnitude >= TOO_LARGE && magnitude < INFINITE) clamped++
      halves[i] = ((bits[i]! >>> 16) & 0x8000) | halfBits(magnitude)
    }
    if (clamped > 0) hints?.onClamped?.(clamped)
    return new Uint8Array(halves.buffer)
  },
  decode(bytes, size) {
    if (bytes.byteLength !== size * 2) throw new WireError(`payload: must be ${size * 2} bytes, got ${bytes.byteLength}.`)
    const whole = aligned(bytes, 2)
    const halves = new Uint16Array(whole.buffer, whole.byteOffset, size)
    const values = new Float32Array(size)
    const bits = new Uint32Array(values.buffer)
    for (let i = 0; i < size; i++) bits[i] = ((halves[i]! & 0x8000) << 16) | floatBits(halves[i]! & 0x7fff)
    return values
  },
}))

/** A half's bits from the bits of an f32 without its sign. */
function halfBits(magnitude: number): number {
  if (magnitude > INFINITE) return 0x7e00
  if (magnitude === INFINITE) return 0x7c00
  if (magnitude >= TOO_LARGE) return 0x7bff
  if (magnitude < SMALLEST_NORMAL) {
    scratchBits[0] = magnitude
    scratch[0] = scratch[0]! + SUBNORMAL_MAGIC
    return scratchBits[0]! - SUBNORMAL_MAGIC_BITS
  }
  // Half of the last place, less one for an even result: ties go to even. A carry runs into the exponent, as it should.
  return (magnitude + REBIAS + 0xfff + ((magnitude >> 13) & 1)) >> 13
}

/** An f32's bits from the bits of a half without its sign. */
function floatBits(half: number): number {
  if (half >= 0x7c00) return half === 0x7c00 ? INFINITE : 0x7fc00000
  if (half >= 0x400) return (half << 13) - REBIAS
  scratch[0] = half * 2 ** -24
  return scratchBits[0]!
}
