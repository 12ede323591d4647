// Losses that compare element by element; the codes are those of src/kernels/elementwise-loss.ts.
import { sigmoid4, softplus4 } from './elementary'
import { arg, at, begin, storeLanes, sumLanes, zero4 } from './simd'

function loss4(kind: i32, y: v128, goal: v128, delta: v128): v128 {
  const difference = f32x4.sub(y, goal)
  if (kind == 0) return f32x4.mul(difference, difference)
  if (kind == 1) return f32x4.abs(difference)
  if (kind == 2) {
    const far = f32x4.abs(difference), half = f32x4.splat(0.5)
    return v128.bitselect(f32x4.mul(half, f32x4.mul(difference, difference)), f32x4.mul(delta, f32x4.sub(far, f32x4.mul(half, delta))), f32x4.le(far, delta))
  }
  return f32x4.sub(softplus4(y), f32x4.mul(y, goal))
}

function slope4(kind: i32, y: v128, goal: v128, delta: v128): v128 {
  const difference = f32x4.sub(y, goal)
  if (kind == 0) return f32x4.add(difference, difference)
  if (kind == 1) return f32x4.sub(v128.and(f32x4.gt(difference, zero4()), f32x4.splat(1)), v128.and(f32x4.lt(difference, zero4()), f32x4.splat(1)))
  if (kind == 2) return f32x4.min(delta, f32x4.max(f32x4.neg(delta), difference))
  return f32x4.sub(sigmoid4(y), goal)
}

/** args: y, goal, weights, loss, correct (0: none), N, SIZE, KIND, DELTA (bits). A part computes some examples. */
export function elementwise_loss(args: usize, part: i32, parts: i32, own: usize): void {
  const size = arg(args, 6), kind = arg(args, 7), delta = f32x4.splat(f32.load(args, 32)), end = begin(arg(args, 5), part + 1, parts)
  for (let n = begin(arg(args, 5), part, parts); n < end; n++) {
    const y = at(args, 0) + <usize>(n * size) * 4, goal = at(args, 1) + <usize>(n * size) * 4, weight = f32.load(at(args, 2) + <usize>n * 4)
    let sum = zero4(), rest: f32 = 0
    let hits = 0, i = 0
    for (; i + 4 <= size; i += 4) sum = f32x4.add(sum, loss4(kind, v128.load(y + <usize>i * 4), v128.load(goal + <usize>i * 4), delta))
    for (; i < size; i++) rest += f32x4.extract_lane(loss4(kind, v128.load(y + <usize>i * 4), v128.load(goal + <usize>i * 4), delta), 0)
    f32.store(at(args, 3) + <usize>n * 4, weight * ((sumLanes(sum) + rest) / <f32>size))
    if (!at(args, 4)) continue
    for (i = 0; i < size; i++) if ((f32.load(y + <usize>i * 4) > 0) == (f32.load(goal + <usize>i * 4) > 0.5)) hits++
    f32.store(at(args, 4) + <usize>n * 4, weight > 0 ? <f32>hits / <f32>size : 0)
  }
}

/** args: y, goal, weights, upstream (0: ones), dy, N, SIZE, KIND, DELTA (bits). A part computes some examples. */
export function elementwise_loss_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const size = arg(args, 6), kind = arg(args, 7), delta = f32x4.splat(f32.load(args, 32)), end = begin(arg(args, 5), part + 1, parts)
  for (let n = begin(arg(args, 5), part, parts); n < end; n++) {
    const o = <usize>(n * size) * 4
    const factor = f32.load(at(args, 2) + <usize>n * 4) / <f32>size * (at(args, 3) ? f32.load(at(args, 3) + <usize>n * 4) : 1)
    for (let i = 0; i < size; i += 4) {
      const b = o + <usize>i * 4
      storeLanes(at(args, 4) + b, f32x4.mul(slope4(kind, v128.load(at(args, 0) + b), v128.load(at(args, 1) + b), delta), f32x4.splat(factor)), size - i)
    }
  }
}
