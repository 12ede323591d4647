// Average pooling over what of each window lies inside the image, and the largest value of each channel over all positions.
import { arg, at, begin, storeLanes, zero4 } from './simd'

/** args: x, y, N, H, W, C, KH, KW, OH, OW, SH, SW, PT, PL. A part computes some images. */
export function average_pool(args: usize, part: i32, parts: i32, own: usize): void {
  const C = arg(args, 5), end = begin(arg(args, 2), part + 1, parts)
  for (let n = begin(arg(args, 2), part, parts); n < end; n++) for (let oh = 0; oh < arg(args, 8); oh++) for (let ow = 0; ow < arg(args, 9); ow++) {
    const y = at(args, 1) + <usize>(((n * arg(args, 8) + oh) * arg(args, 9) + ow) * C) * 4
    for (let c = 0; c < C; c += 4) averageWindow(args, n, oh, ow, y, c)
  }
}

@inline function rowsOf(args: usize, oh: i32): i32 { return oh * arg(args, 10) - arg(args, 12) }
@inline function columnsOf(args: usize, ow: i32): i32 { return ow * arg(args, 11) - arg(args, 13) }

function averageWindow(args: usize, n: i32, oh: i32, ow: i32, y: usize, c: i32): void {
  const H = arg(args, 3), W = arg(args, 4), C = arg(args, 5), top = rowsOf(args, oh), left = columnsOf(args, ow)
  const h0 = max(0, top), h1 = min(H, top + arg(args, 6)), w0 = max(0, left), w1 = min(W, left + arg(args, 7))
  let sum = zero4()
  for (let h = h0; h < h1; h++) for (let w = w0; w < w1; w++) sum = f32x4.add(sum, v128.load(at(args, 0) + <usize>(((n * H + h) * W + w) * C + c) * 4))
  storeLanes(y + <usize>c * 4, f32x4.mul(sum, f32x4.splat(1 / <f32>((h1 - h0) * (w1 - w0)))), C - c)
}

/** args: dx, dy, then as of average_pool. A part computes some images. */
export function average_pool_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 3), W = arg(args, 4), C = arg(args, 5), end = begin(arg(args, 2), part + 1, parts)
  for (let n = begin(arg(args, 2), part, parts); n < end; n++) {
    memory.fill(at(args, 0) + <usize>(n * H * W * C) * 4, 0, <usize>(H * W * C) * 4)
    for (let oh = 0; oh < arg(args, 8); oh++) for (let ow = 0; ow < arg(args, 9); ow++) spreadWindow(args, n, oh, ow)
  }
}

function spreadWindow(args: usize, n: i32, oh: i32, ow: i32): void {
  const H = arg(args, 3), W = arg(args, 4), C = arg(args, 5), top = rowsOf(args, oh), left = columnsOf(args, ow)
  const h0 = max(0, top), h1 = min(H, top + arg(args, 6)), w0 = max(0, left), w1 = min(W, left + arg(args, 7))
  const share = f32x4.splat(1 / <f32>((h1 - h0) * (w1 - w0))), dy = at(args, 1) + <usize>(((n * arg(args, 8) + oh) * arg(args, 9) + ow) * C) * 4
  for (let h = h0; h < h1; h++) for (let w = w0; w < w1; w++) {
    const dx = at(args, 0) + <usize>(((n * H + h) * W + w) * C) * 4
    for (let c = 0; c < C; c += 4) {
      const b = <usize>c * 4
      storeLanes(dx + b, f32x4.add(v128.load(dx + b), f32x4.mul(v128.load(dy + b), share)), C - c)
    }
  }
}

/** args: x, y, place, N, P, C. A part computes some examples. */
export function global_max(args: usize, part: i32, parts: i32, own: usize): void {
  const P = arg(args, 4), C = arg(args, 5), end = begin(arg(args, 3), part + 1, parts)
  for (let n = begin(arg(args, 3), part, parts); n < end; n++) for (let c = 0; c < C; c += 4) {
    const x = at(args, 0) + <usize>(n * P * C + c) * 4, to = <usize>(n * C + c) * 4
    let best = v128.load(x), place = zero4()
    for (let p = 1; p < P; p++) {
      const value = v128.load(x + <usize>(p * C) * 4), larger = f32x4.gt(value, best)
      best = v128.bitselect(value, best, larger)
      place = v128.bitselect(i32x4.splat(p), place, larger)
    }
    storeLanes(at(args, 1) + to, best, C - c)
    storeLanes(at(args, 2) + to, place, C - c)
  }
}

/** args: dy, place, dx, N, P, C. A part computes some examples. */
export function global_max_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const P = arg(args, 4), C = arg(args, 5), end = begin(arg(args, 3), part + 1, parts)
  for (let n = begin(arg(args, 3), part, parts); n < end; n++) {
    const dx = at(args, 2) + <usize>(n * P * C) * 4
    memory.fill(dx, 0, <usize>(P * C) * 4)
    for (let c = 0; c < C; c++) {
      const from = <usize>(n * C + c) * 4, p = load<u32>(at(args, 1) + from)
      f32.store(dx + <usize>(<i32>p * C + c) * 4, f32.load(at(args, 0) + from))
    }
  }
}
