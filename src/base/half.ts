// Half precision (IEEE 754 binary16) among numbers: rounding to it as GPUs do, ties to even, and its bits.

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The nearest number that f16 holds; infinite from 65,520 on. */
export function roundToHalf(value: number): number {
  float[0] = value
  const size = bits[0]! & 0x7fffffff
  if (size >= 0x477ff000) return size > 0x7f800000 ? NaN : Math.sign(value) * Infinity
  if (size < 0x38800000) {
    // Below 2^-14 the last digit stays 2^-24, which is also the last digit of an f32 between a half and one.
    const rounded = Math.fround(Math.fround(Math.abs(value) + 0.5) - 0.5)
    return bits[0]! >>> 31 === 1 ? -rounded : rounded
  }
  bits[0] = (bits[0]! + 0xfff + ((bits[0]! >>> 13) & 1)) & 0xffffe000
  return float[0]
}

export function halfBits(value: number): number {
  const rounded = roundToHalf(value), size = Math.abs(rounded)
  const sign = rounded < 0 || Object.is(rounded, -0) ? 0x8000 : 0
  if (Number.isNaN(rounded)) return 0x7e00
  if (size === Infinity) return sign | 0x7c00
  if (size < 2 ** -14) return sign | (size * 2 ** 24)
  const exponent = Math.floor(Math.log2(size))
  return sign | ((exponent + 15) << 10) | ((size / 2 ** exponent - 1) * 1024)
}

export function halfOfBits(half: number): number {
  const sign = (half & 0x8000) === 0 ? 1 : -1, exponent = (half >> 10) & 0x1f, fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** Rounds all of an array in place. */
export function roundAllToHalf(array: Float32Array | Float64Array): void {
  for (let i = 0; i < array.length; i++) array[i] = roundToHalf(array[i]!)
}

/** An even number of them, as GPUs are given whole words. */
export function toHalves(array: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(array.length + (array.length % 2))
  for (let i = 0; i < array.length; i++) halves[i] = halfBits(array[i]!)
  return halves
}

export const fromHalves = (halves: Uint16Array): Float32Array => Float32Array.from(halves, halfOfBits)
