// Cross-entropy of a student's logits against a teacher's by rows, both softened by a temperature: divided by it before all else.
import { exponentials, firstMaximum, rowMaximum } from './softmax'
import { arg, at, begin, fma, storeLanes, sumLanes, zero4 } from './simd'

@inline function rowAt(args: usize, tensor: i32, r: i32, classes: i32): usize { return at(args, tensor) + <usize>(r * classes) * 4 }

/** to[i] = row[i] / heat */
function soften(row: usize, count: i32, heat: f32, to: usize): void {
  const factor = f32x4.splat(1 / heat)
  for (let i = 0; i < count; i += 4) storeLanes(to + <usize>i * 4, f32x4.mul(factor, v128.load(row + <usize>i * 4)), count - i)
}

/** args: logits, teacher, weights, loss, correct, N, T, CLASSES, TEMPERATURE (bits). A part computes some examples. own: two rows. */
export function distillation(args: usize, part: i32, parts: i32, own: usize): void {
  const positions = arg(args, 6), classes = arg(args, 7), end = begin(arg(args, 5), part + 1, parts)
  for (let n = begin(arg(args, 5), part, parts); n < end; n++) {
    const weight = f32.load(at(args, 2) + <usize>n * 4)
    let loss: f32 = 0, hits: f32 = 0
    for (let r = n * positions; r < (n + 1) * positions; r++) {
      const logits = rowAt(args, 0, r, classes), teacher = rowAt(args, 1, r, classes)
      loss += rowLoss(logits, teacher, classes, f32.load(args, 32), own)
      if (firstMaximum(logits, classes) == firstMaximum(teacher, classes)) hits += 1
    }
    f32.store(at(args, 3) + <usize>n * 4, weight * (loss / <f32>positions))
    f32.store(at(args, 4) + <usize>n * 4, weight > 0 ? hits / <f32>positions : 0)
  }
}

/** heat^2 * (log of the student's sum - what the teacher expects of the student's softened logits below their maximum). */
function rowLoss(logits: usize, teacher: usize, classes: i32, heat: f32, own: usize): f32 {
  const soft = own, exps = own + (<usize>classes + 3) / 4 * 16
  soften(logits, classes, heat, soft)
  soften(teacher, classes, heat, exps)
  const maximum = rowMaximum(soft, classes), highest = f32x4.splat(maximum)
  const total = exponentials(exps, classes, rowMaximum(exps, classes), exps)
  let expected = zero4(), rest: f32 = 0
  let i = 0
  for (; i + 4 <= classes; i += 4) expected = fma(v128.load(exps + <usize>i * 4), f32x4.sub(v128.load(soft + <usize>i * 4), highest), expected)
  for (; i < classes; i++) rest += f32.load(exps + <usize>i * 4) * (f32.load(soft + <usize>i * 4) - maximum)
  return heat * heat * (<f32>Math.log(<f64>exponentials(soft, classes, maximum, 0)) - (sumLanes(expected) + rest) / total)
}

/** args: logits, teacher, weights, upstream (0: ones), dlogits, N, T, CLASSES, TEMPERATURE (bits). A part computes some rows. own: a row. */
export function distillation_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const positions = arg(args, 6), classes = arg(args, 7), heat = f32.load(args, 32), rows = arg(args, 5) * positions, end = begin(rows, part + 1, parts)
  for (let r = begin(rows, part, parts); r < end; r++) {
    const example = <usize>(r / positions) * 4, to = rowAt(args, 4, r, classes)
    let scale = heat * f32.load(at(args, 2) + example) / <f32>positions
    if (at(args, 3)) scale *= f32.load(at(args, 3) + example)
    soften(rowAt(args, 0, r, classes), classes, heat, to)
    soften(rowAt(args, 1, r, classes), classes, heat, own)
    const student = f32x4.splat(scale / exponentials(to, classes, rowMaximum(to, classes), to)), teacher = f32x4.splat(scale / exponentials(own, classes, rowMaximum(own, classes), own))
    for (let i = 0; i < classes; i += 4) {
      const b = <usize>i * 4
      storeLanes(to + b, f32x4.sub(f32x4.mul(v128.load(to + b), student), f32x4.mul(v128.load(own + b), teacher)), classes - i)
    }
  }
}
