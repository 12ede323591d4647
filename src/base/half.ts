// Half precision (IEEE 754 binary16) among numbers: rounding to it as GPUs do, ties to even, subnormals included, and its bits.
// Integer arithmetic on the bits of f32s: Float16Array is not there in every browser.

/** Bits of f32s: 2^-14, the smallest normal half; 65520, which would round to 2^16; infinity. */
const SMALLEST_NORMAL = 0x38800000
export const TOO_LARGE = 0x477ff000
export const INFINITE = 0x7f800000
/** Added to a number below 2^-14, this float leaves its multiple of 2^-24 in the lowest bits, rounded as any sum is. */
const SUBNORMAL_MAGIC = 0.5
const SUBNORMAL_MAGIC_BITS = 0x3f000000
/** The exponent's bias is 15 instead of 127. */
const REBIAS = (15 - 127) << 23

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** A half's bits from the bits of an f32; infinite from 65,520 on. */
export function halfOfFloatBits(word: number): number {
  const sign = (word >>> 16) & 0x8000, magnitude = word & 0x7fffffff
  if (magnitude >= TOO_LARGE) return sign | (magnitude > INFINITE ? 0x7e00 : 0x7c00)
  if (magnitude < SMALLEST_NORMAL) {
    bits[0] = magnitude
    float[0] = float[0]! + SUBNORMAL_MAGIC
    return sign | (bits[0] - SUBNORMAL_MAGIC_BITS)
  }
  // Half of the last place, less one for an even result: ties go to even. A carry runs into the exponent, as it should.
  return sign | ((magnitude + REBIAS + 0xfff + ((magnitude >> 13) & 1)) >> 13)
}

/** An f32's bits from the bits of a half. */
export function floatBitsOfHalf(half: number): number {
  const sign = (half & 0x8000) << 16, magnitude = half & 0x7fff
  if (magnitude >= 0x7c00) return sign | (magnitude === 0x7c00 ? INFINITE : 0x7fc00000)
  if (magnitude >= 0x400) return sign | ((magnitude << 13) - REBIAS)
  float[0] = magnitude * 2 ** -24
  return sign | bits[0]!
}

export function halfBits(value: number): number {
  float[0] = value
  return halfOfFloatBits(bits[0]!)
}

export function halfOfBits(half: number): number {
  bits[0] = floatBitsOfHalf(half)
  return float[0]!
}

/** The nearest number that f16 holds. */
export const roundToHalf = (value: number): number => halfOfBits(halfBits(value))

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
