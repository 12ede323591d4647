// Looks at elements first..end of a payload: are all finite, how many lie beyond the bound. `limit` is the largest number within the
// bound in the payload's own format, as bits: as sign and magnitude, floats are ordered like their bits. Adds to two i32 at `out`:
// 1 where something is not finite, and the count.
import { stepAt, stepsAt } from './decode'

@inline function report(out: usize, infinite: bool, count: i32): void {
  if (infinite) store<i32>(out, 1)
  store<i32>(out, load<i32>(out, 4) + count, 4)
}

@inline function sum4(v: v128): i32 {
  return (i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1)) + (i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3))
}

@inline function max4(v: v128): i32 {
  return max(max(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1)), max(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)))
}

@inline const INFINITE: i32 = 0x7f800000

export function inspect_f32(payload: usize, first: i32, end: i32, limit: i32, out: usize): void {
  const magnitude = i32x4.splat(0x7fffffff), most = i32x4.splat(limit)
  let top = i32x4.splat(0), top2 = top, over = top, over2 = top
  let i = first
  for (; i + 8 <= end; i += 8) {
    const at = payload + (<usize>i << 2)
    const a = v128.and(v128.load(at), magnitude), b = v128.and(v128.load(at, 16), magnitude)
    top = i32x4.max_s(top, a)
    top2 = i32x4.max_s(top2, b)
    over = i32x4.sub(over, i32x4.gt_s(a, most))
    over2 = i32x4.sub(over2, i32x4.gt_s(b, most))
  }
  let largest = max4(i32x4.max_s(top, top2)), count = sum4(i32x4.add(over, over2))
  for (; i < end; i++) {
    const a = load<i32>(payload + (<usize>i << 2)) & 0x7fffffff
    largest = max(largest, a)
    count += i32(a > limit)
  }
  report(out, largest >= INFINITE, count)
}

/** Vectors of eight counters of 16 bits between two of 32. */
@inline const FLUSH: i32 = 16384

export function inspect_f16(payload: usize, first: i32, end: i32, limit: i32, out: usize): void {
  const magnitude = i16x8.splat(0x7fff), most = i16x8.splat(<i16>limit)
  let top = i16x8.splat(0), count = 0, i = first
  while (i + 8 <= end) {
    let over = i16x8.splat(0)
    const stop = min(end, i + 8 * FLUSH)
    for (; i + 8 <= stop; i += 8) {
      const a = v128.and(v128.load(payload + (<usize>i << 1)), magnitude)
      top = i16x8.max_s(top, a)
      over = i16x8.sub(over, i16x8.gt_s(a, most))
    }
    count += sum4(i32x4.extadd_pairwise_i16x8_s(over))
  }
  let largest = max4(i32x4.max_s(i32x4.extend_low_i16x8_s(top), i32x4.extend_high_i16x8_s(top)))
  for (; i < end; i++) {
    const a = <i32>load<u16>(payload + (<usize>i << 1)) & 0x7fff
    largest = max(largest, a)
    count += i32(a > limit)
  }
  report(out, largest >= 0x7c00, count)
}

/** `scales` and `steps` are the two parts of the payload. */
export function inspect_int8(scales: usize, steps: usize, block: i32, first: i32, end: i32, limit: i32, out: usize): void {
  let i = first
  while (i < end) {
    const index = i / block, scale = load<f32>(scales + (<usize>index << 2))
    const stop = <i32>min<i64>(end, <i64>(index + 1) * block)
    // Most often no step of the block can reach the bound. A scale of NaN fails this.
    if ((reinterpret<i32>(scale * 128) & 0x7fffffff) > limit) inspectSteps(steps, scale, i, stop, limit, out)
    i = stop
  }
}

function inspectSteps(steps: usize, scale: f32, first: i32, end: i32, limit: i32, out: usize): void {
  const magnitude = i32x4.splat(0x7fffffff), most = i32x4.splat(limit), scale4 = f32x4.splat(scale)
  let top = i32x4.splat(0), over = top, i = first
  for (; i + 4 <= end; i += 4) {
    const a = v128.and(stepsAt(steps + i, scale4), magnitude)
    top = i32x4.max_s(top, a)
    over = i32x4.sub(over, i32x4.gt_s(a, most))
  }
  let largest = max4(top), count = sum4(over)
  for (; i < end; i++) {
    const a = reinterpret<i32>(stepAt(steps + i, scale)) & 0x7fffffff
    largest = max(largest, a)
    count += i32(a > limit)
  }
  report(out, largest >= INFINITE, count)
}
