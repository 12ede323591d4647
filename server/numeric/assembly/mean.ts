/** result = sums / divisor as f32: `exactMean`. */
export function mean(sums: usize, result: usize, size: i32, divisor: f64): void {
  const divisor2 = f64x2.splat(divisor)
  let i = 0, from = sums, to = result
  for (; i + 4 <= size; i += 4, from += 32, to += 16) {
    const low = f32x4.demote_f64x2_zero(f64x2.div(v128.load(from), divisor2)), high = f32x4.demote_f64x2_zero(f64x2.div(v128.load(from, 16), divisor2))
    v128.store(to, i64x2.shuffle(low, high, 0, 2))
  }
  for (; i < size; i++, from += 8, to += 4) store<f32>(to, <f32>(load<f64>(from) / divisor))
}
