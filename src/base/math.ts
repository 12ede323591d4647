// Small integer arithmetic that shapes, grids and buffers share.

/** Smallest integer >= a / b. */
export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b)

/** `value` rounded up to a multiple of `step`. */
export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step

/** Product of all entries; 1 for an empty list. */
export const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1)

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/** Any float array a kernel reference computes on: Float32Array in the CPU runner, Float64Array in gradient checks. */
export type FloatArray = Float32Array | Float64Array

/** In a loop, as a closure called for each takes ten times as long. */
export function areFinite(values: FloatArray): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false
  return true
}

const bits = new DataView(new ArrayBuffer(4))

/** The bits of a number rounded to f32: how a real constant travels among integers. */
export function floatBits(value: number): number {
  bits.setFloat32(0, value)
  return bits.getUint32(0)
}

export function bitsFloat(value: number): number {
  bits.setUint32(0, value)
  return bits.getFloat32(0)
}
