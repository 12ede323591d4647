// Max pooling in NHWC, four channels at a time.
import { activate } from './elementary'
import { arg, at, begin, storeLanes } from './simd'

/** args: x, y, N, H, W, C, KH, KW, OH, OW, SH, SW, bias (0: none), ACT. A part computes some rows of outputs. */
export function max_pool(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 3), W = arg(args, 4), C = arg(args, 5), KH = arg(args, 6), KW = arg(args, 7), OH = arg(args, 8), OW = arg(args, 9)
  const SH = arg(args, 10), SW = arg(args, 11), rows = arg(args, 2) * OH, pixel = <usize>C * 4
  const bias = at(args, 12), act = arg(args, 13)
  const end = begin(rows, part + 1, parts)
  for (let row = begin(rows, part, parts); row < end; row++) {
    const top = (row / OH) * H + (row % OH) * SH
    for (let ow = 0; ow < OW; ow++) {
      const window = at(args, 0) + <usize>(top * W + ow * SW) * pixel, y = at(args, 1) + <usize>(row * OW + ow) * pixel
      // A last vector that reaches past the channels reads what is not used.
      for (let c = 0; c < C; c += 4) {
        const o = <usize>c * 4
        let best = v128.load(window + o)
        for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) best = f32x4.pmax(best, v128.load(window + <usize>(kh * W + kw) * pixel + o))
        if (bias) best = f32x4.add(best, v128.load(bias + o))
        storeLanes(y + o, activate(best, act), C - c)
      }
    }
  }
}

/** args: x, dy, dx, N, H, W, C, KH, KW, OH, OW, SH, SW. A part computes some images; the first maximum of a window gets its gradient. */
export function max_pool_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 4), W = arg(args, 5), C = arg(args, 6), OH = arg(args, 9), OW = arg(args, 10), pixel = <usize>C * 4
  const end = begin(arg(args, 3), part + 1, parts)
  for (let n = begin(arg(args, 3), part, parts); n < end; n++) {
    const image = <usize>n * <usize>(H * W) * pixel
    memory.fill(at(args, 2) + image, 0, <usize>(H * W) * pixel)
    for (let oh = 0; oh < OH; oh++) for (let ow = 0; ow < OW; ow++) {
      const window = image + <usize>(oh * arg(args, 11) * W + ow * arg(args, 12)) * pixel
      scatter(args, at(args, 0) + window, at(args, 1) + <usize>((n * OH + oh) * OW + ow) * pixel, at(args, 2) + window)
    }
  }
}

function scatter(args: usize, x: usize, dy: usize, dx: usize): void {
  const C = arg(args, 6), KH = arg(args, 7), KW = arg(args, 8), pixel = <usize>C * 4, row = <usize>arg(args, 5) * pixel
  let c: usize = 0
  const vectors = <usize>(C & ~3) * 4
  for (; c < vectors; c += 16) {
    let best = v128.load(x + c)
    for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) best = f32x4.pmax(best, v128.load(x + <usize>kh * row + <usize>kw * pixel + c))
    let rest = v128.load(dy + c)
    for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) {
      const o = <usize>kh * row + <usize>kw * pixel + c
      const here = f32x4.eq(v128.load(x + o), best)
      v128.store(dx + o, f32x4.add(v128.load(dx + o), v128.and(rest, here)))
      rest = v128.andnot(rest, here)
    }
  }
  for (; c < pixel; c += 4) {
    let best: usize = 0
    for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) {
      const o = <usize>kh * row + <usize>kw * pixel
      if (f32.load(x + o + c) > f32.load(x + best + c)) best = o
    }
    f32.store(dx + best + c, f32.load(dx + best + c) + f32.load(dy + c))
  }
}

/** args as of max_pool_gradient, with 0 unused and 2 dx, which holds x: windows that lie side by side, so each is read before it is overwritten. */
export function max_pool_gradient_in_place(args: usize, part: i32, parts: i32, own: usize): void {
  const H = arg(args, 4), W = arg(args, 5), C = arg(args, 6), OH = arg(args, 9), OW = arg(args, 10), SH = arg(args, 11), SW = arg(args, 12), pixel = <usize>C * 4
  const end = begin(arg(args, 3), part + 1, parts)
  for (let n = begin(arg(args, 3), part, parts); n < end; n++) {
    const image = at(args, 2) + <usize>n * <usize>(H * W) * pixel
    for (let oh = 0; oh < OH; oh++) for (let ow = 0; ow < OW; ow++) {
      replace(args, at(args, 1) + <usize>((n * OH + oh) * OW + ow) * pixel, image + <usize>(oh * SH * W + ow * SW) * pixel)
    }
    // Pixels that no window reads.
    for (let h = 0; h < min(H, OH * SH); h++) memory.fill(image + <usize>(h * W + OW * SW) * pixel, 0, <usize>max(0, W - OW * SW) * pixel)
    if (H > OH * SH) memory.fill(image + <usize>(OH * SH * W) * pixel, 0, <usize>((H - OH * SH) * W) * pixel)
  }
}

function replace(args: usize, dy: usize, x: usize): void {
  const C = arg(args, 6), KH = arg(args, 7), KW = arg(args, 8), pixel = <usize>C * 4, row = <usize>arg(args, 5) * pixel
  for (let c = 0; c < C; c += 4) {
    const start = x + <usize>c * 4, count = C - c
    let best = v128.load(start)
    for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) best = f32x4.pmax(best, v128.load(start + <usize>kh * row + <usize>kw * pixel))
    let rest = v128.load(dy + <usize>c * 4)
    for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) {
      const to = start + <usize>kh * row + <usize>kw * pixel
      const here = f32x4.eq(v128.load(to), best)
      storeLanes(to, v128.and(rest, here), count)
      rest = v128.andnot(rest, here)
    }
  }
}
