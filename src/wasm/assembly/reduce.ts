// Sums over one axis, their gradient, and the metrics of a step.
import { arg, at, begin, storeLanes, sumLanes, zero4 } from './simd'

/** Columns that a part of a reduction over tall matrices takes: one cache line. */
export const REDUCE_COLUMNS: i32 = 16

/** args: x[OUTER,AXIS,INNER], y[OUTER,INNER], OUTER, AXIS, INNER, MEAN. A part computes some of OUTER * ceil(INNER / 16). */
export function reduce(args: usize, part: i32, parts: i32, own: usize): void {
  const axis = arg(args, 3), inner = arg(args, 4), blocks = (inner + REDUCE_COLUMNS - 1) / REDUCE_COLUMNS
  const factor: f32 = arg(args, 5) ? 1 / <f32>axis : 1
  const end = begin(arg(args, 2) * blocks, part + 1, parts)
  for (let unit = begin(arg(args, 2) * blocks, part, parts); unit < end; unit++) {
    const outer = unit / blocks, column = (unit % blocks) * REDUCE_COLUMNS, columns = min(REDUCE_COLUMNS, inner - column)
    const x = at(args, 0) + (<usize>(outer * axis) * <usize>inner + <usize>column) * 4, y = at(args, 1) + <usize>(outer * inner + column) * 4
    if (inner == 1) f32.store(y, sumRow(x, axis) * factor)
    else sumColumns(x, axis, <usize>inner * 4, columns, y, factor)
  }
}

/** Sum of `count` neighbours. */
export function sumRow(x: usize, count: i32): f32 {
  let s0 = zero4(), s1 = zero4()
  let i = 0
  for (; i + 8 <= count; i += 8) {
    s0 = f32x4.add(s0, v128.load(x))
    s1 = f32x4.add(s1, v128.load(x, 16))
    x += 32
  }
  let sum = sumLanes(f32x4.add(s0, s1))
  for (; i < count; i++, x += 4) sum += f32.load(x)
  return sum
}

/** y[0..columns] = factor * the sum of `rows` rows, `stride` bytes apart; at most sixteen columns. */
function sumColumns(x: usize, rows: i32, stride: usize, columns: i32, y: usize, factor: f32): void {
  let s0 = zero4(), s1 = zero4(), s2 = zero4(), s3 = zero4()
  for (let r = 0; r < rows; r++) {
    s0 = f32x4.add(s0, v128.load(x))
    s1 = f32x4.add(s1, v128.load(x, 16))
    s2 = f32x4.add(s2, v128.load(x, 32))
    s3 = f32x4.add(s3, v128.load(x, 48))
    x += stride
  }
  const scale = f32x4.splat(factor)
  storeLanes(y, f32x4.mul(s0, scale), columns)
  if (columns > 4) storeLanes(y + 16, f32x4.mul(s1, scale), columns - 4)
  if (columns > 8) storeLanes(y + 32, f32x4.mul(s2, scale), columns - 8)
  if (columns > 12) storeLanes(y + 48, f32x4.mul(s3, scale), columns - 12)
}

/** args: x[OUTER,INNER], y[OUTER,AXIS,INNER], OUTER, AXIS, INNER, MEAN. A part computes some rows of INNER. */
export function broadcast(args: usize, part: i32, parts: i32, own: usize): void {
  const axis = arg(args, 3), inner = arg(args, 4), rows = arg(args, 2) * axis, factor: f32 = arg(args, 5) ? 1 / <f32>axis : 1
  const end = begin(rows, part + 1, parts)
  for (let row = begin(rows, part, parts); row < end; row++) {
    const x = at(args, 0) + <usize>((row / axis) * inner) * 4, y = at(args, 1) + <usize>row * <usize>inner * 4
    for (let i = 0; i < inner; i += 4) storeLanes(y + <usize>i * 4, f32x4.mul(v128.load(x + <usize>i * 4), f32x4.splat(factor)), inner - i)
  }
}

/** args: loss, correct (0: none), weights, metrics, N. */
export function accumulate_metrics(args: usize, part: i32, parts: i32, own: usize): void {
  const N = arg(args, 4), correct = at(args, 1), metrics = at(args, 3)
  let loss: f64 = 0, hits: f64 = 0, examples: f64 = 0
  for (let n: usize = 0; n < <usize>N; n++) {
    loss += <f64>f32.load(at(args, 0) + n * 4)
    if (correct) hits += <f64>f32.load(correct + n * 4)
    if (f32.load(at(args, 2) + n * 4) > 0) examples += 1
  }
  f32.store(metrics, <f32>(<f64>f32.load(metrics) + loss))
  f32.store(metrics, <f32>(<f64>f32.load(metrics, 4) + hits), 4)
  f32.store(metrics, <f32>(<f64>f32.load(metrics, 8) + examples), 8)
}
