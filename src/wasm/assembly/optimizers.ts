// Optimizer updates, a block of 64 elements at a time: first the gradient as it is to be used (scaled, regularised, clipped), then
// the step of one optimizer. A block lies in one tensor, as tensors begin at such boundaries, so one scale serves it.
import { arg, at, begin, fma, sumLanes, zero4 } from './simd'

const BLOCK: i32 = 64

// Places in a group's part of the hyper buffer: src/kernels/optimizers/problem.ts.
@inline function hyper(args: usize, i: i32): f32 { return f32.load(at(args, 3) + <usize>(arg(args, 7) * 12 + i) * 4) }
@inline function hyper4(args: usize, i: i32): v128 { return f32x4.splat(hyper(args, i)) }

@inline function sign4(x: v128): v128 {
  return f32x4.sub(v128.and(f32x4.gt(x, zero4()), f32x4.splat(1)), v128.and(f32x4.lt(x, zero4()), f32x4.splat(1)))
}

/**
 * args: 0 optimizer, 1 params, 2 grads, 3 hyper, 4 first slot, 5 second slot, 6 scales (0: none), 7 GROUP, 8 SIZE, 9 REGULARISED, 10 CLIP, 11 FIRST,
 * 12 flag of the optimizer. A part updates some blocks. own: a block of gradients, and of params and slots for the last, which may be short.
 */
export function optimize(args: usize, part: i32, parts: i32, own: usize): void {
  const size = arg(args, 8), blocks = (size + BLOCK - 1) / BLOCK, clip = arg(args, 10)
  const end = begin(blocks, part + 1, parts)
  for (let block = begin(blocks, part, parts); block < end; block++) {
    const o = <usize>block * 256, count = min(BLOCK, size - block * BLOCK)
    const scale: f32 = clip == 2 ? f32.load(at(args, 6)) : clip == 3 ? f32.load(at(args, 6) + <usize>(arg(args, 11) + block) * 4) : 1
    // Says to leave the params as they are; NaN says so too.
    if (!(scale >= 0)) continue
    gradients(args, own, o, scale)
    if (count == BLOCK) step(args, at(args, 1) + o, own, at(args, 4) + o, at(args, 5) + o)
    else stepOnCopies(args, own, o, <usize>count * 4)
  }
}

/** One block of gradients into `to`. */
function gradients(args: usize, to: usize, o: usize, scale: f32): void {
  const grads = at(args, 2) + o, params = at(args, 1) + o, regularised = arg(args, 9), limit = hyper4(args, 11), byValue = arg(args, 10) == 1
  const gradScale = hyper4(args, 8), l1 = hyper4(args, 9), l2 = hyper4(args, 10), factor = f32x4.splat(scale)
  for (let i: usize = 0; i < 256; i += 16) {
    let g = f32x4.mul(v128.load(grads + i), gradScale)
    if (regularised) {
      const p = v128.load(params + i)
      g = fma(l2, p, fma(l1, sign4(p), g))
    }
    if (byValue) g = f32x4.min(limit, f32x4.max(f32x4.neg(limit), g))
    v128.store(to + i, f32x4.mul(g, factor))
  }
}

/** What lies behind a tensor must not change, so the last block is worked on elsewhere. */
function stepOnCopies(args: usize, own: usize, o: usize, bytes: usize): void {
  const params = own + 256, first = own + 512, second = own + 768
  memory.copy(params, at(args, 1) + o, bytes)
  if (at(args, 4)) memory.copy(first, at(args, 4) + o, bytes)
  if (at(args, 5)) memory.copy(second, at(args, 5) + o, bytes)
  step(args, params, own, first, second)
  memory.copy(at(args, 1) + o, params, bytes)
  if (at(args, 4)) memory.copy(at(args, 4) + o, first, bytes)
  if (at(args, 5)) memory.copy(at(args, 5) + o, second, bytes)
}

function step(args: usize, params: usize, grads: usize, first: usize, second: usize): void {
  switch (arg(args, 0)) {
    case 0: return sgd(args, params, grads)
    case 1: return momentum(args, params, grads, first)
    case 2: return adagrad(args, params, grads, first)
    case 3: return adadelta(args, params, grads, first, second)
    case 4: return rmsprop(args, params, grads, first, second)
    case 5: return adam(args, params, grads, first, second)
    case 6: return adamax(args, params, grads, first, second)
    case 7: return yogi(args, params, grads, first, second)
    default: return lion(args, params, grads, first)
  }
}

@inline function decayed(args: usize, grads: usize, p: v128, i: usize): v128 { return fma(hyper4(args, 1), p, v128.load(grads + i)) }
/** share * old + (1 - share) * now */
@inline function blend(share: f32, old: v128, now: v128): v128 { return fma(f32x4.splat(share), old, f32x4.mul(f32x4.splat(1 - share), now)) }

function sgd(args: usize, params: usize, grads: usize): void {
  const rate = hyper4(args, 0)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i)
    v128.store(params + i, f32x4.sub(p, f32x4.mul(rate, decayed(args, grads, p, i))))
  }
}

function momentum(args: usize, params: usize, grads: usize, slot: usize): void {
  const rate = hyper4(args, 0), beta = hyper4(args, 2), nesterov = arg(args, 12)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decayed(args, grads, p, i), v = fma(beta, v128.load(slot + i), g)
    v128.store(slot + i, v)
    v128.store(params + i, f32x4.sub(p, f32x4.mul(rate, nesterov ? fma(beta, v, g) : v)))
  }
}

function adagrad(args: usize, params: usize, grads: usize, slot: usize): void {
  const rate = hyper4(args, 0), epsilon = hyper4(args, 4), initial = hyper4(args, 7)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decayed(args, grads, p, i), v = fma(g, g, v128.load(slot + i))
    v128.store(slot + i, v)
    v128.store(params + i, f32x4.sub(p, f32x4.div(f32x4.mul(rate, g), f32x4.add(f32x4.sqrt(f32x4.add(initial, v)), epsilon))))
  }
}

function adadelta(args: usize, params: usize, grads: usize, squares: usize, steps: usize): void {
  const rate = hyper4(args, 0), beta = hyper(args, 3), epsilon = hyper4(args, 4)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decayed(args, grads, p, i), v = blend(beta, v128.load(squares + i), f32x4.mul(g, g)), s = v128.load(steps + i)
    v128.store(squares + i, v)
    const delta = f32x4.mul(f32x4.div(f32x4.sqrt(f32x4.add(s, epsilon)), f32x4.sqrt(f32x4.add(v, epsilon))), g)
    v128.store(steps + i, blend(beta, s, f32x4.mul(delta, delta)))
    v128.store(params + i, f32x4.sub(p, f32x4.mul(rate, delta)))
  }
}

function rmsprop(args: usize, params: usize, grads: usize, squares: usize, mean: usize): void {
  const rate = hyper4(args, 0), beta1 = hyper4(args, 2), beta2 = hyper(args, 3), epsilon = hyper4(args, 4), momentum = arg(args, 12)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decayed(args, grads, p, i), v = blend(beta2, v128.load(squares + i), f32x4.mul(g, g))
    v128.store(squares + i, v)
    let delta = f32x4.div(g, f32x4.add(f32x4.sqrt(v), epsilon))
    if (momentum) {
      delta = fma(beta1, v128.load(mean + i), delta)
      v128.store(mean + i, delta)
    }
    v128.store(params + i, f32x4.sub(p, f32x4.mul(rate, delta)))
  }
}

function adam(args: usize, params: usize, grads: usize, mean: usize, squares: usize): void {
  const rate = f32x4.splat(hyper(args, 0) / hyper(args, 5)), beta1 = hyper(args, 2), beta2 = hyper(args, 3), epsilon = hyper4(args, 4)
  const correction2 = hyper4(args, 6), decoupled = arg(args, 12), keep = f32x4.splat(1 - hyper(args, 0) * hyper(args, 1))
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decoupled ? v128.load(grads + i) : decayed(args, grads, p, i)
    const m = blend(beta1, v128.load(mean + i), g), v = blend(beta2, v128.load(squares + i), f32x4.mul(g, g))
    v128.store(mean + i, m)
    v128.store(squares + i, v)
    const start = decoupled ? f32x4.mul(p, keep) : p
    v128.store(params + i, f32x4.sub(start, f32x4.div(f32x4.mul(rate, m), f32x4.add(f32x4.sqrt(f32x4.div(v, correction2)), epsilon))))
  }
}

function adamax(args: usize, params: usize, grads: usize, mean: usize, largest: usize): void {
  const rate = f32x4.splat(hyper(args, 0) / hyper(args, 5)), beta1 = hyper(args, 2), beta2 = hyper4(args, 3), epsilon = hyper4(args, 4)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decayed(args, grads, p, i), m = blend(beta1, v128.load(mean + i), g)
    const v = f32x4.max(f32x4.mul(beta2, v128.load(largest + i)), f32x4.add(f32x4.abs(g), epsilon))
    v128.store(mean + i, m)
    v128.store(largest + i, v)
    v128.store(params + i, f32x4.sub(p, f32x4.div(f32x4.mul(rate, m), v)))
  }
}

function yogi(args: usize, params: usize, grads: usize, mean: usize, squares: usize): void {
  const rate = f32x4.splat(hyper(args, 0) / hyper(args, 5)), beta1 = hyper(args, 2), share = f32x4.splat(1 - hyper(args, 3)), epsilon = hyper4(args, 4)
  const correction2 = hyper4(args, 6), initial = hyper4(args, 7)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = decayed(args, grads, p, i), m = blend(beta1, v128.load(mean + i), g), g2 = f32x4.mul(g, g), old = v128.load(squares + i)
    const v = f32x4.sub(old, f32x4.mul(f32x4.mul(share, sign4(f32x4.sub(f32x4.add(initial, old), g2))), g2))
    v128.store(mean + i, m)
    v128.store(squares + i, v)
    const root = f32x4.sqrt(f32x4.div(f32x4.max(zero4(), f32x4.add(initial, v)), correction2))
    v128.store(params + i, f32x4.sub(p, f32x4.div(f32x4.mul(rate, m), f32x4.add(root, epsilon))))
  }
}

function lion(args: usize, params: usize, grads: usize, mean: usize): void {
  const rate = hyper4(args, 0), decay = hyper4(args, 1), beta1 = hyper(args, 2), beta2 = hyper(args, 3)
  for (let i: usize = 0; i < 256; i += 16) {
    const p = v128.load(params + i), g = v128.load(grads + i), m = v128.load(mean + i)
    v128.store(mean + i, blend(beta2, m, g))
    v128.store(params + i, f32x4.sub(p, f32x4.mul(rate, fma(decay, p, sign4(blend(beta1, m, g))))))
  }
}

/** args as of `optimize`, with 4 partials, 6 SPAN, 11 FIRST. A part computes some blocks' sums of squares. own: a block. */
export function gradient_squares(args: usize, part: i32, parts: i32, own: usize): void {
  const size = arg(args, 8), span = arg(args, 6), blocks = (size + span - 1) / span
  const end = begin(blocks, part + 1, parts)
  for (let block = begin(blocks, part, parts); block < end; block++) {
    const last = min(size, (block + 1) * span)
    let sum = zero4(), rest: f32 = 0
    for (let i = block * span; i < last; i += BLOCK) {
      gradients(args, own, <usize>i * 4, 1)
      const count = min(BLOCK, last - i)
      let j = 0
      for (; j + 4 <= count; j += 4) {
        const g = v128.load(own + <usize>j * 4)
        sum = fma(g, g, sum)
      }
      for (; j < count; j++) {
        const g = f32.load(own + <usize>j * 4)
        rest += g * g
      }
    }
    f32.store(at(args, 4) + <usize>(arg(args, 11) + block) * 4, sumLanes(sum) + rest)
  }
}

/**
 * args: 0 partials, 1 counts (0: all are of one tensor), 2 scales, 3 hyper, 4 PARTIALS, 5 TENSORS, 6 CLIP, 7 GROUP. A part makes the
 * scales of some tensors, which are -1 where a norm is not finite.
 */
export function clip_scales(args: usize, part: i32, parts: i32, own: usize): void {
  const counts = at(args, 1), scales = at(args, 2), tensors = arg(args, 5), limit = <f64>hyper(args, 11)
  const first = begin(tensors, part, parts), end = begin(tensors, part + 1, parts)
  let start = 0
  for (let tensor = 0; tensor < end; tensor++) {
    const stop = counts ? start + load<i32>(counts + <usize>tensor * 4) : arg(args, 4)
    if (tensor >= first) {
      const norm = Math.sqrt(sumOf(at(args, 0), start, stop)), scale: f32 = !isFinite(norm) ? -1 : norm > limit ? <f32>(limit / norm) : 1
      if (arg(args, 6) == 3) {
        for (let i = start; i < stop; i++) f32.store(scales + <usize>i * 4, scale)
      } else {
        f32.store(scales, scale)
        f32.store(scales, <f32>norm, 4)
      }
    }
    start = stop
  }
}

function sumOf(numbers: usize, from: i32, to: i32): f64 {
  let sum: f64 = 0
  for (let i = from; i < to; i++) sum += <f64>f32.load(numbers + <usize>i * 4)
  return sum
}
