// The sum of squares of elements first..end of one block of src/fed/aggregators/vectors.ts `squaredNorm`: four interleaved sums in
// f64, lane by index modulo 4, so that there is one order to add in. Squares of f32 are exact in f64: a fused multiply-add is the same.
import { halfAt, halvesAt, stepAt, stepsAt } from './decode'
import { fma } from './simd'

@inline function squareLow(sum: v128, x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x)
  return fma(low, low, sum)
}

@inline function squareHigh(sum: v128, x: v128): v128 {
  const high = f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1))
  return fma(high, high, sum)
}

/** Lanes in order, then up to three elements that are left. */
@inline function total(low: v128, high: v128, a: f64, b: f64, c: f64): f64 {
  return ((f64x2.extract_lane(low, 0) + a * a) + (f64x2.extract_lane(low, 1) + b * b)) + ((f64x2.extract_lane(high, 0) + c * c) + f64x2.extract_lane(high, 1))
}

export function squares_f32(payload: usize, first: i32, end: i32): f64 {
  let low = f64x2.splat(0), high = low, i = first
  for (; i + 4 <= end; i += 4) {
    const x = v128.load(payload + (<usize>i << 2))
    low = squareLow(low, x)
    high = squareHigh(high, x)
  }
  const at = payload + (<usize>i << 2)
  return total(low, high, i < end ? load<f32>(at) : 0, i + 1 < end ? load<f32>(at, 4) : 0, i + 2 < end ? load<f32>(at, 8) : 0)
}

export function squares_f16(payload: usize, first: i32, end: i32): f64 {
  let low = f64x2.splat(0), high = low, i = first
  for (; i + 4 <= end; i += 4) {
    const x = halvesAt(payload + (<usize>i << 1))
    low = squareLow(low, x)
    high = squareHigh(high, x)
  }
  const at = payload + (<usize>i << 1)
  return total(low, high, i < end ? halfAt(at) : 0, i + 1 < end ? halfAt(at + 2) : 0, i + 2 < end ? halfAt(at + 4) : 0)
}

export function squares_int8(scales: usize, steps: usize, block: i32, first: i32, end: i32): f64 {
  let low = f64x2.splat(0), high = low, i = first
  while (i + 4 <= end) {
    const index = i / block, stop = <i32>min<i64>(end, <i64>(index + 1) * block), scale = f32x4.splat(load<f32>(scales + (<usize>index << 2)))
    for (; i + 4 <= stop; i += 4) {
      const x = stepsAt(steps + i, scale)
      low = squareLow(low, x)
      high = squareHigh(high, x)
    }
    if (i < stop && i + 4 <= end) {
      // Four elements of more than one block.
      const x = f32x4(valueAt(scales, steps, block, i), valueAt(scales, steps, block, i + 1), valueAt(scales, steps, block, i + 2), valueAt(scales, steps, block, i + 3))
      low = squareLow(low, x)
      high = squareHigh(high, x)
      i += 4
    }
  }
  return total(low, high, i < end ? valueAt(scales, steps, block, i) : 0, i + 1 < end ? valueAt(scales, steps, block, i + 1) : 0, i + 2 < end ? valueAt(scales, steps, block, i + 2) : 0)
}

function valueAt(scales: usize, steps: usize, block: i32, i: i32): f32 {
  return stepAt(steps + i, load<f32>(scales + (<usize>(i / block) << 2)))
}
