// Softmax and its cross-entropy by rows, stable: the row's maximum is subtracted first.
import { exp4 } from './elementary'
import { arg, at, begin, maxLanes, storeLanes, sumLanes, zero4 } from './simd'
import { sumRow } from './reduce'

/** Largest of `count` floats. */
export function rowMaximum(row: usize, count: i32): f32 {
  let i = 0
  let best = f32x4.splat(f32.load(row))
  for (; i + 4 <= count; i += 4) best = f32x4.pmax(best, v128.load(row + <usize>i * 4))
  let result = maxLanes(best)
  for (; i < count; i++) result = max(result, f32.load(row + <usize>i * 4))
  return result
}

/** to[i] = exp(row[i] - maximum); returns the sum. `to` may be 0: only the sum is wanted. */
export function exponentials(row: usize, count: i32, maximum: f32, to: usize): f32 {
  let sum = zero4()
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const e = exp4(f32x4.sub(v128.load(row + <usize>i * 4), f32x4.splat(maximum)))
    sum = f32x4.add(sum, e)
    if (to) v128.store(to + <usize>i * 4, e)
  }
  let total = sumLanes(sum)
  for (; i < count; i++) {
    const e = f32x4.extract_lane(exp4(f32x4.splat(f32.load(row + <usize>i * 4) - maximum)), 0)
    total += e
    if (to) f32.store(to + <usize>i * 4, e)
  }
  return total
}

/** args: logits, labels, weights, classes (0: none), loss, correct, N, T, CLASSES, SMOOTHING (bits). A part computes some examples. */
export function softmax_cross_entropy(args: usize, part: i32, parts: i32, own: usize): void {
  const positions = arg(args, 7), end = begin(arg(args, 6), part + 1, parts)
  for (let n = begin(arg(args, 6), part, parts); n < end; n++) {
    const weight = f32.load(at(args, 2) + <usize>n * 4)
    let loss: f32 = 0, hits: f32 = 0
    for (let t = 0; t < positions; t++) {
      loss += rowLoss(args, n * positions + t)
      if (firstMaximum(rowAt(args, n * positions + t), arg(args, 8)) == labelAt(args, n * positions + t)) hits += 1
    }
    f32.store(at(args, 4) + <usize>n * 4, weight * (loss / <f32>positions))
    f32.store(at(args, 5) + <usize>n * 4, weight > 0 ? hits / <f32>positions : 0)
  }
}

@inline function rowAt(args: usize, r: i32): usize { return at(args, 0) + <usize>(r * arg(args, 8)) * 4 }
@inline function labelAt(args: usize, r: i32): usize { return <usize>load<u32>(at(args, 1) + <usize>r * 4) }

function rowLoss(args: usize, r: i32): f32 {
  const classes = arg(args, 8), smoothing = f32.load(args, 36), row = rowAt(args, r), label = labelAt(args, r)
  const maximum = rowMaximum(row, classes)
  let loss = maximum + <f32>Math.log(<f64>exponentials(row, classes, maximum, 0)) - (1 - smoothing) * f32.load(row + label * 4)
  if (smoothing != 0) loss -= smoothing * (sumRow(row, classes) / <f32>classes)
  return at(args, 3) ? loss * f32.load(at(args, 3) + label * 4) : loss
}

/** Where the largest of `count` floats stands, the first of equal ones. */
export function firstMaximum(row: usize, count: i32): usize {
  const maximum = rowMaximum(row, count)
  let first: usize = 0
  while (<i32>first < count - 1 && f32.load(row + first * 4) != maximum) first++
  return first
}

/** args: logits, labels, weights, classes (0: none), upstream (0: ones), dlogits, N, T, CLASSES, SMOOTHING (bits). A part computes some rows. */
export function softmax_cross_entropy_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const positions = arg(args, 7), classes = arg(args, 8), smoothing = f32.load(args, 36), end = begin(arg(args, 6) * positions, part + 1, parts)
  for (let r = begin(arg(args, 6) * positions, part, parts); r < end; r++) {
    const example = <usize>(r / positions) * 4, row = rowAt(args, r), to = at(args, 5) + <usize>(r * classes) * 4, label = labelAt(args, r)
    let scale = f32.load(at(args, 2) + example) / <f32>positions
    if (at(args, 4)) scale *= f32.load(at(args, 4) + example)
    if (at(args, 3)) scale *= f32.load(at(args, 3) + label * 4)
    const factor = f32x4.splat(scale / exponentials(row, classes, rowMaximum(row, classes), to)), less = f32x4.splat(scale * smoothing / <f32>classes)
    for (let i = 0; i < classes; i += 4) storeLanes(to + <usize>i * 4, f32x4.sub(f32x4.mul(v128.load(to + <usize>i * 4), factor), less), classes - i)
    f32.store(to + label * 4, f32.load(to + label * 4) - scale * (1 - smoothing))
  }
}

/** args: x, y, ROWS, COLS. A part computes some rows. */
export function softmax(args: usize, part: i32, parts: i32, own: usize): void {
  const width = arg(args, 3), end = begin(arg(args, 2), part + 1, parts)
  for (let r = begin(arg(args, 2), part, parts); r < end; r++) {
    const x = at(args, 0) + <usize>(r * width) * 4, y = at(args, 1) + <usize>(r * width) * 4
    const factor = f32x4.splat(1 / exponentials(x, width, rowMaximum(x, width), y))
    for (let i = 0; i < width; i += 4) storeLanes(y + <usize>i * 4, f32x4.mul(v128.load(y + <usize>i * 4), factor), width - i)
  }
}

/** args: y, dy, dx, ROWS, COLS. A part computes some rows. */
export function softmax_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const width = arg(args, 4), end = begin(arg(args, 3), part + 1, parts)
  for (let r = begin(arg(args, 3), part, parts); r < end; r++) {
    const o = <usize>(r * width) * 4, y = at(args, 0) + o, dy = at(args, 1) + o
    let sum = zero4(), rest: f32 = 0
    let i = 0
    for (; i + 4 <= width; i += 4) sum = f32x4.add(sum, f32x4.mul(v128.load(y + <usize>i * 4), v128.load(dy + <usize>i * 4)))
    for (; i < width; i++) rest += f32.load(y + <usize>i * 4) * f32.load(dy + <usize>i * 4)
    const total = f32x4.splat(sumLanes(sum) + rest)
    for (i = 0; i < width; i += 4) {
      const b = <usize>i * 4
      storeLanes(at(args, 2) + o + b, f32x4.mul(v128.load(y + b), f32x4.sub(v128.load(dy + b), total)), width - i)
    }
  }
}
