// What every kernel here stands on. A kernel is `name(args, part, parts, own)`: `args` points to its i32 arguments (addresses,
// sizes, flags), `part` of `parts` is this thread's share, `own` is memory that no other thread touches. Tensors have slack
// behind them (../layout.ts), so a kernel may read, never write, up to 16 floats past an end.
// Written in AssemblyScript; compiled twice, with and without the fused multiply-add of relaxed SIMD.

/** The i-th argument. */
@inline export function arg(args: usize, i: i32): i32 { return load<i32>(args + (<usize>i << 2)) }
@inline export function at(args: usize, i: i32): usize { return <usize>load<i32>(args + (<usize>i << 2)) }

/** First unit of a part, when `units` are dealt out evenly; the part ends where the next begins. */
@inline export function begin(units: i32, part: i32, parts: i32): i32 { return <i32>((<i64>units * <i64>part) / <i64>parts) }

/** a * b + c */
@inline export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

@inline export function zero4(): v128 { return f32x4.splat(0) }

/** Writes the first `count` (1 to 4) lanes. */
export function storeLanes(to: usize, value: v128, count: i32): void {
  if (count >= 4) { v128.store(to, value); return }
  f32.store(to, f32x4.extract_lane(value, 0))
  if (count > 1) f32.store(to, f32x4.extract_lane(value, 1), 4)
  if (count > 2) f32.store(to, f32x4.extract_lane(value, 2), 8)
}

@inline export function sumLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
}

@inline export function maxLanes(v: v128): f32 {
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)))
}
