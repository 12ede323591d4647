// Adds updates to an exact sum (src/fed/exact-sum.ts): decoded, times a factor, clamped to the bound (and counted), rounded to the
// quantum with ties to even, times an integer weight. A block of the sums stays in the first-level cache while every update adds
// to it, so that their memory is read and written once.
import { F16, F32, halfAt, halvesAt, INT8, stepAt, stepsAt } from './decode'
import { fma } from './simd'

/** Elements of a block: 16 KB of sums. */
@inline const BLOCK: i32 = 2048
/** Adding and subtracting it rounds |x| < 2^51 to an integer, ties to even. */
@inline const ROUND: f64 = 6755399441055744
/** Bytes of an update's entry in the list. */
@inline const ENTRY: usize = 40

/**
 * args: i32 codec, size, sums, block size of int8, number of updates, then f64 bound and scale at 24 and 32, then of each update
 * i32 payload, int8 steps, then f64 weight at 16, factor at 24, and i64 clamped at 32, which is counted here.
 */
export function add_updates(args: usize): void {
  const size = load<i32>(args, 4), sums = <usize>load<i32>(args, 8), count = load<i32>(args, 16)
  for (let start = 0; start < size; start += BLOCK) {
    for (let u = 0; u < count; u++) addBlock(args, args + 40 + <usize>u * ENTRY, sums, start, min(size, start + BLOCK))
  }
}

function addBlock(args: usize, update: usize, sums: usize, start: i32, end: i32): void {
  const codec = load<i32>(args), bound = load<f64>(args, 24), factor = load<f64>(update, 24)
  // In f32 clamping is the same where the bound is one and nothing is scaled, and half the work.
  const narrow = factor == 1 && <f64><f32>bound == bound
  let clamped = 0
  if (codec == INT8) {
    const block = load<i32>(args, 12)
    for (let i = start; i < end;) {
      const index = i / block, stop = <i32>min<i64>(end, <i64>(index + 1) * block)
      const scale = load<f32>(<usize>load<i32>(update) + (<usize>index << 2))
      clamped += narrow ? addRun(INT8, true, args, update, sums, scale, i, stop) : addRun(INT8, false, args, update, sums, scale, i, stop)
      i = stop
    }
  } else if (codec == F16) clamped = narrow ? addRun(F16, true, args, update, sums, 0, start, end) : addRun(F16, false, args, update, sums, 0, start, end)
  else clamped = narrow ? addRun(F32, true, args, update, sums, 0, start, end) : addRun(F32, false, args, update, sums, 0, start, end)
  store<i64>(update, load<i64>(update, 32) + clamped, 32)
}

/** Elements start..end, returning how many were clamped. Inlined for each codec and width. */
@inline function addRun(codec: i32, narrow: bool, args: usize, update: usize, sums: usize, stepScale: f32, start: i32, end: i32): i32 {
  const bound = load<f64>(args, 24), scale = load<f64>(args, 32), weight = load<f64>(update, 16), factor = load<f64>(update, 24)
  const shift: usize = codec == F32 ? 2 : codec == F16 ? 1 : 0
  let from = <usize>(codec == INT8 ? load<i32>(update, 4) : load<i32>(update)) + (<usize>start << shift)
  let to = sums + (<usize>start << 3)
  const scale4 = f32x4.splat(stepScale), bound4 = f32x4.splat(<f32>bound), low4 = f32x4.neg(bound4), bound2 = f64x2.splat(bound), low2 = f64x2.neg(bound2), factor2 = f64x2.splat(factor)
  let over = i64x2.splat(0), i = start
  for (; i + 4 <= end; i += 4, from += <usize>4 << shift, to += 32) {
    let x = codec == F32 ? v128.load(from) : codec == F16 ? halvesAt(from) : stepsAt(from, scale4)
    if (narrow) {
      over = i32x4.sub(over, f32x4.gt(f32x4.abs(x), bound4))
      x = f32x4.pmax(low4, f32x4.pmin(bound4, x))
      addQuanta(to, f64x2.promote_low_f32x4(x), scale, weight)
      addQuanta(to + 16, high(x), scale, weight)
    } else {
      const a = f64x2.mul(f64x2.promote_low_f32x4(x), factor2), b = f64x2.mul(high(x), factor2)
      over = i32x4.sub(over, i32x4.add(f64x2.gt(f64x2.abs(a), bound2), f64x2.gt(f64x2.abs(b), bound2)))
      addQuanta(to, f64x2.pmax(low2, f64x2.pmin(bound2, a)), scale, weight)
      addQuanta(to + 16, f64x2.pmax(low2, f64x2.pmin(bound2, b)), scale, weight)
    }
  }
  let count = sum4(over)
  // Each lane of f64x2 was counted in both of its halves.
  if (!narrow) count >>= 1
  for (; i < end; i++, from += <usize>1 << shift, to += 8) {
    const x = codec == F32 ? load<f32>(from) : codec == F16 ? halfAt(from) : stepAt(from, stepScale)
    count += addOne(to, <f64>x * factor, bound, scale, weight)
  }
  return count
}

@inline function high(x: v128): v128 { return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1)) }

/** sums + weight times the quanta in x, for two elements. */
@inline function addQuanta(at: usize, x: v128, scale: f64, weight: f64): void {
  const round = f64x2.splat(ROUND)
  v128.store(at, fma(f64x2.sub(fma(x, f64x2.splat(scale), round), round), f64x2.splat(weight), v128.load(at)))
}

@inline function addOne(at: usize, value: f64, bound: f64, scale: f64, weight: f64): i32 {
  const over = i32(value > bound) | i32(value < -bound)
  store<f64>(at, load<f64>(at) + (min(bound, max(-bound, value)) * scale + ROUND - ROUND) * weight)
  return over
}

@inline function sum4(v: v128): i32 {
  return (i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1)) + (i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3))
}
