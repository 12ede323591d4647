// Little-endian 16-bit floats (IEEE 754 binary16), rounded to nearest, ties to even. Finite values beyond 65504 are clamped and counted.
import { WireError } from '../base/errors.ts'
import { floatBitsOfHalf, halfOfFloatBits, INFINITE, TOO_LARGE } from '../base/half.ts'
import { aligned } from './codec.ts'
import { noOptions, register } from './register.ts'

export const LARGEST_HALF = 65504
const LARGEST_HALF_BITS = 0x7bff

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
      const word = bits[i]!, magnitude = word & 0x7fffffff
      const tooLarge = magnitude >= TOO_LARGE && magnitude < INFINITE
      if (tooLarge) clamped++
      halves[i] = tooLarge ? ((word >>> 16) & 0x8000) | LARGEST_HALF_BITS : halfOfFloatBits(word)
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
    for (let i = 0; i < size; i++) bits[i] = floatBitsOfHalf(halves[i]!)
    return values
  },
}))
