// Copies from place to place: joining, cutting, padding and transposing.
import { arg, at, begin } from './simd'

/** args: y, OUTER, COUNT, then (x, ROW) of each tensor. A part joins some rows. */
export function concat(args: usize, part: i32, parts: i32, own: usize): void {
  const count = arg(args, 2), end = begin(arg(args, 1), part + 1, parts)
  let whole = 0
  for (let k = 0; k < count; k++) whole += arg(args, 4 + 2 * k)
  for (let o = begin(arg(args, 1), part, parts); o < end; o++) {
    let to = at(args, 0) + <usize>(o * whole) * 4
    for (let k = 0; k < count; k++) {
      const bytes = <usize>arg(args, 4 + 2 * k) * 4
      memory.copy(to, at(args, 3 + 2 * k) + <usize>o * bytes, bytes)
      to += bytes
    }
  }
}

/** args: x, y, OUTER, AXIS, INNER, LENGTH, SHIFT, VALUE (bits). A part makes some of the OUTER. */
export function window(args: usize, part: i32, parts: i32, own: usize): void {
  const axis = arg(args, 3), inner = arg(args, 4), length = arg(args, 5), shift = arg(args, 6), value = f32.load(args, 28)
  const first = max(0, -shift), last = max(first, min(length, axis - shift)), end = begin(arg(args, 2), part + 1, parts)
  for (let o = begin(arg(args, 2), part, parts); o < end; o++) {
    const y = at(args, 1) + <usize>(o * length * inner) * 4
    fillWith(y, first * inner, value)
    memory.copy(y + <usize>(first * inner) * 4, at(args, 0) + <usize>((o * axis + first + shift) * inner) * 4, <usize>((last - first) * inner) * 4)
    fillWith(y + <usize>(last * inner) * 4, (length - last) * inner, value)
  }
}

function fillWith(to: usize, count: i32, value: f32): void {
  for (let i = 0; i < count; i++) f32.store(to + <usize>i * 4, value)
}

/** args: x, y, then SIZE and STRIDE of six axes, the first ones of size 1 where there are fewer. A part makes some of the rows along the last axis. */
export function transpose(args: usize, part: i32, parts: i32, own: usize): void {
  const s1 = arg(args, 4), s2 = arg(args, 6), s3 = arg(args, 8), s4 = arg(args, 10), width = arg(args, 12), stride = <usize>arg(args, 13) * 4
  const rows = arg(args, 2) * s1 * s2 * s3 * s4, end = begin(rows, part + 1, parts)
  for (let row = begin(rows, part, parts); row < end; row++) {
    let left = row, from = 0
    from += (left % s4) * arg(args, 11)
    left /= s4
    from += (left % s3) * arg(args, 9)
    left /= s3
    from += (left % s2) * arg(args, 7)
    left /= s2
    from += (left % s1) * arg(args, 5) + (left / s1) * arg(args, 3)
    let x = at(args, 0) + <usize>from * 4, y = at(args, 1) + <usize>(row * width) * 4
    if (stride == 4) memory.copy(y, x, <usize>width * 4)
    else for (let i = 0; i < width; i++, x += stride, y += 4) f32.store(y, f32.load(x))
  }
}

/** args: x, OUTER, COUNT, then (y, ROW) of each tensor: the opposite of concat. A part cuts some rows. */
export function split(args: usize, part: i32, parts: i32, own: usize): void {
  const count = arg(args, 2), end = begin(arg(args, 1), part + 1, parts)
  let whole = 0
  for (let k = 0; k < count; k++) whole += arg(args, 4 + 2 * k)
  for (let o = begin(arg(args, 1), part, parts); o < end; o++) {
    let from = at(args, 0) + <usize>(o * whole) * 4
    for (let k = 0; k < count; k++) {
      const bytes = <usize>arg(args, 4 + 2 * k) * 4
      memory.copy(at(args, 3 + 2 * k) + <usize>o * bytes, from, bytes)
      from += bytes
    }
  }
}
