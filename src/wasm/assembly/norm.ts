// Normalisation, forward and backward: by statistics of each example (layer, RMS and group norm) and of the batch.
import { arg, at, begin, fma, storeLanes, sumLanes, zero4 } from './simd'
import { sumRow } from './reduce'

/** Sum of (x - center)^2 of `count` neighbours. */
function squaresOf(x: usize, count: i32, center: f32): f32 {
  const c = f32x4.splat(center)
  let sum = zero4()
  let i = 0
  for (; i + 4 <= count; i += 4, x += 16) {
    const difference = f32x4.sub(v128.load(x), c)
    sum = fma(difference, difference, sum)
  }
  let total = sumLanes(sum)
  for (; i < count; i++, x += 4) {
    const difference = f32.load(x) - center
    total += difference * difference
  }
  return total
}

/** args: x, scale (0: none), shift (0: none), y, mean (0: none), rstd, N, P, C, G, RMS, EPSILON (bits). A part computes some of the N * G cells. */
export function norm(args: usize, part: i32, parts: i32, own: usize): void {
  const P = arg(args, 7), C = arg(args, 8), G = arg(args, 9), rms = arg(args, 10), epsilon = f32.load(args, 44), size = C / G
  const end = begin(arg(args, 6) * G, part + 1, parts), count = <f32>(P * size)
  for (let cell = begin(arg(args, 6) * G, part, parts); cell < end; cell++) {
    const start = <usize>((cell / G) * P * C + (cell % G) * size) * 4
    let sum: f32 = 0, squares: f32 = 0
    if (!rms) for (let p = 0; p < P; p++) sum += sumRow(at(args, 0) + start + <usize>(p * C) * 4, size)
    const center = sum / count
    for (let p = 0; p < P; p++) squares += squaresOf(at(args, 0) + start + <usize>(p * C) * 4, size, center)
    const deviation: f32 = 1 / Mathf.sqrt(squares / count + epsilon)
    for (let p = 0; p < P; p++) normaliseRow(args, start + <usize>(p * C) * 4, (cell % G) * size, size, f32x4.splat(center), f32x4.splat(deviation))
    if (at(args, 4)) f32.store(at(args, 4) + <usize>cell * 4, center)
    f32.store(at(args, 5) + <usize>cell * 4, deviation)
  }
}

function normaliseRow(args: usize, o: usize, channel: i32, size: i32, center: v128, deviation: v128): void {
  const x = at(args, 0) + o, y = at(args, 3) + o
  const scale = at(args, 1) ? at(args, 1) + <usize>channel * 4 : 0, shift = at(args, 2) ? at(args, 2) + <usize>channel * 4 : 0
  for (let i = 0; i < size; i += 4) {
    const b = <usize>i * 4
    let value = f32x4.mul(f32x4.sub(v128.load(x + b), center), deviation)
    if (scale) value = f32x4.mul(value, v128.load(scale + b))
    if (shift) value = f32x4.add(value, v128.load(shift + b))
    storeLanes(y + b, value, size - i)
  }
}

/** args: x, dy, scale (0: none), mean (0: none), rstd, dx, N, P, C, G. A part computes some cells. */
export function norm_input_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const P = arg(args, 7), C = arg(args, 8), G = arg(args, 9), size = C / G, mean = at(args, 3)
  const end = begin(arg(args, 6) * G, part + 1, parts), count = <f32>(P * size)
  for (let cell = begin(arg(args, 6) * G, part, parts); cell < end; cell++) {
    const start = <usize>((cell / G) * P * C + (cell % G) * size) * 4, channel = (cell % G) * size
    const center: f32 = mean ? f32.load(mean + <usize>cell * 4) : 0, deviation = f32.load(at(args, 4) + <usize>cell * 4)
    let sum: f32 = 0, products: f32 = 0
    for (let p = 0; p < P; p++) {
      const o = start + <usize>(p * C) * 4
      let sums = zero4(), both = zero4()
      let i = 0
      for (; i + 4 <= size; i += 4) {
        const g = inner(args, o, channel, i)
        sums = f32x4.add(sums, g)
        both = fma(g, f32x4.sub(v128.load(at(args, 0) + o + <usize>i * 4), f32x4.splat(center)), both)
      }
      sum += sumLanes(sums)
      products += sumLanes(both)
      for (; i < size; i++) {
        const g = f32x4.extract_lane(inner(args, o, channel, i), 0)
        sum += g
        products += g * (f32.load(at(args, 0) + o + <usize>i * 4) - center)
      }
    }
    const first = f32x4.splat(mean ? sum / count : 0), second = f32x4.splat(products * deviation * deviation / count)
    for (let p = 0; p < P; p++) {
      const o = start + <usize>(p * C) * 4
      for (let i = 0; i < size; i += 4) {
        const z = f32x4.sub(v128.load(at(args, 0) + o + <usize>i * 4), f32x4.splat(center))
        const value = f32x4.sub(f32x4.sub(inner(args, o, channel, i), first), f32x4.mul(z, second))
        storeLanes(at(args, 5) + o + <usize>i * 4, f32x4.mul(value, f32x4.splat(deviation)), size - i)
      }
    }
  }
}

/** dy * scale of four channels. */
@inline function inner(args: usize, o: usize, channel: i32, i: i32): v128 {
  const dy = v128.load(at(args, 1) + o + <usize>i * 4)
  return at(args, 2) ? f32x4.mul(dy, v128.load(at(args, 2) + <usize>(channel + i) * 4)) : dy
}

/** 1 / sqrt(value + epsilon) where the buffer holds variances, else the value. */
@inline function deviation4(value: v128, variance: i32, epsilon: v128): v128 {
  return variance ? f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(value, epsilon))) : value
}

/** args: x, dy, mean (0: none), rstd, dscale, dshift (0: none), ROWS, P, C, G, CHUNKS, VARIANCE, EPSILON (bits). A part computes some chunks. */
export function norm_param_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const rows = arg(args, 6), P = arg(args, 7), C = arg(args, 8), G = arg(args, 9), chunks = arg(args, 10), size = C / G
  const chunkRows = (rows + chunks - 1) / chunks, end = begin(chunks, part + 1, parts), variance = arg(args, 11), epsilon = f32x4.splat(f32.load(args, 48))
  for (let chunk = begin(chunks, part, parts); chunk < end; chunk++) {
    const dscale = at(args, 4) + <usize>(chunk * C) * 4, dshift = at(args, 5) ? at(args, 5) + <usize>(chunk * C) * 4 : 0
    memory.fill(dscale, 0, <usize>C * 4)
    if (dshift) memory.fill(dshift, 0, <usize>C * 4)
    for (let row = chunk * chunkRows; row < min(rows, (chunk + 1) * chunkRows); row++) {
      const cells = (row / P) * G, o = <usize>(row * C) * 4
      // Neighbouring channels have neighbouring statistics, or the same, or are done one by one.
      const step = size == 1 || size % 4 == 0 ? 4 : 1
      for (let c = 0; c < C; c += step) {
        const b = <usize>c * 4, cell = <usize>(cells + c / size) * 4, count = step == 1 ? 1 : C - c
        const center = at(args, 2) ? (size == 1 ? v128.load(at(args, 2) + cell) : v128.load32_splat(at(args, 2) + cell)) : zero4()
        const rstd = deviation4(size == 1 ? v128.load(at(args, 3) + cell) : v128.load32_splat(at(args, 3) + cell), variance, epsilon)
        const dy = v128.load(at(args, 1) + o + b), z = f32x4.mul(f32x4.sub(v128.load(at(args, 0) + o + b), center), rstd)
        storeLanes(dscale + b, fma(dy, z, v128.load(dscale + b)), count)
        if (dshift) storeLanes(dshift + b, f32x4.add(v128.load(dshift + b), dy), count)
      }
    }
  }
}

/** args: x, sums, squares, R, C, CHUNKS. A part computes some chunks. */
export function channel_moments(args: usize, part: i32, parts: i32, own: usize): void {
  const rows = arg(args, 3), C = arg(args, 4), chunks = arg(args, 5), chunkRows = (rows + chunks - 1) / chunks
  const end = begin(chunks, part + 1, parts)
  for (let chunk = begin(chunks, part, parts); chunk < end; chunk++) {
    const sums = at(args, 1) + <usize>(chunk * C) * 4, squares = at(args, 2) + <usize>(chunk * C) * 4
    memory.fill(sums, 0, <usize>C * 4)
    memory.fill(squares, 0, <usize>C * 4)
    for (let row = chunk * chunkRows; row < min(rows, (chunk + 1) * chunkRows); row++) {
      for (let c = 0; c < C; c += 4) {
        const b = <usize>c * 4, difference = f32x4.sub(v128.load(at(args, 0) + <usize>(row * C) * 4 + b), v128.load(at(args, 0) + b))
        storeLanes(sums + b, f32x4.add(v128.load(sums + b), difference), C - c)
        storeLanes(squares + b, fma(difference, difference, v128.load(squares + b)), C - c)
      }
    }
  }
}

/** args: x, sums, squares, mean, variance, rstd, R, C, CHUNKS, EPSILON (bits). */
export function channel_statistics(args: usize, part: i32, parts: i32, own: usize): void {
  const C = arg(args, 7), R = <f64>arg(args, 6)
  for (let c: usize = 0; c < <usize>C; c++) {
    let sum: f64 = 0, square: f64 = 0
    for (let chunk = 0; chunk < arg(args, 8); chunk++) {
      const o = (<usize>(chunk * C) + c) * 4
      sum += <f64>f32.load(at(args, 1) + o)
      square += <f64>f32.load(at(args, 2) + o)
    }
    const shift = sum / R, variance = max<f64>(square / R - shift * shift, 0)
    f32.store(at(args, 3) + c * 4, <f32>(<f64>f32.load(at(args, 0) + c * 4) + shift))
    f32.store(at(args, 4) + c * 4, <f32>variance)
    f32.store(at(args, 5) + c * 4, <f32>(1 / Math.sqrt(variance + <f64>f32.load(args, 36))))
  }
}

/** args: x, mean, rstd, scale (0: none), shift (0: none), y, R, C, VARIANCE, EPSILON (bits). A part computes some rows. */
export function batch_normalise(args: usize, part: i32, parts: i32, own: usize): void {
  const C = arg(args, 7), variance = arg(args, 8), epsilon = f32x4.splat(f32.load(args, 36)), end = begin(arg(args, 6), part + 1, parts)
  for (let row = begin(arg(args, 6), part, parts); row < end; row++) {
    const o = <usize>(row * C) * 4
    for (let c = 0; c < C; c += 4) {
      const b = <usize>c * 4
      let value = f32x4.mul(f32x4.sub(v128.load(at(args, 0) + o + b), v128.load(at(args, 1) + b)), deviation4(v128.load(at(args, 2) + b), variance, epsilon))
      if (at(args, 3)) value = fma(value, v128.load(at(args, 3) + b), v128.load(at(args, 4) + b))
      storeLanes(at(args, 5) + o + b, value, C - c)
    }
  }
}

/** args: x, dy, mean, rstd, dscale, dshift, scale (0: none), dx, R, C, VARIANCE, EPSILON (bits). A part computes some rows. */
export function batch_norm_input_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const R = f32x4.splat(1 / <f32>arg(args, 8)), C = arg(args, 9), variance = arg(args, 10), epsilon = f32x4.splat(f32.load(args, 44))
  const end = begin(arg(args, 8), part + 1, parts)
  for (let row = begin(arg(args, 8), part, parts); row < end; row++) {
    const o = <usize>(row * C) * 4
    for (let c = 0; c < C; c += 4) {
      const b = <usize>c * 4, factor = deviation4(v128.load(at(args, 3) + b), variance, epsilon)
      let gradient = v128.load(at(args, 1) + o + b)
      if (!variance) {
        const z = f32x4.mul(f32x4.sub(v128.load(at(args, 0) + o + b), v128.load(at(args, 2) + b)), factor)
        gradient = f32x4.sub(gradient, f32x4.mul(R, fma(z, v128.load(at(args, 4) + b), v128.load(at(args, 5) + b))))
      }
      gradient = f32x4.mul(gradient, factor)
      if (at(args, 6)) gradient = f32x4.mul(gradient, v128.load(at(args, 6) + b))
      storeLanes(at(args, 7) + o + b, gradient, C - c)
    }
  }
}
