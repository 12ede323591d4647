// Attention and its gradient, head by head, as products of tiles: four rows of queries against all keys at a time, so that only
// a few rows of probabilities exist at once. Queries, keys and values lie side by side: qkv[B,T,3,H,D].
import { addTile, clearTile, packPanel, packTransposedPanel, storeTile, TILE_BYTES } from './tile'
import { exp4 } from './elementary'
import { arg, at, begin, storeLanes, sumLanes, zero4 } from './simd'
import { exponentials, rowMaximum } from './softmax'

@inline function up(n: i32, step: i32): i32 { return ((n + step - 1) / step) * step }

/** Panels of eight keys over D: to[p][d][8]. */
function packKeys(rows: usize, stride: i32, T: i32, D: i32, to: usize): void {
  for (let j = 0; j < T; j += 8) packTransposedPanel(rows + <usize>(j * stride) * 4, stride, D, min(8, T - j), to + <usize>(j * D) * 4)
}

/** Panels of eight of D over rows: to[p][t][8], panels `height` rows apart. */
function packValues(rows: usize, stride: i32, T: i32, D: i32, to: usize, height: i32): void {
  for (let d = 0; d < D; d += 8) packPanel(rows + <usize>d * 4, stride, T, min(8, D - d), to + <usize>(d * height) * 4)
}

/** to[4, width] = four rows of D (those past `rows` repeat) times panels of keys; `tile` is room for sums. */
function multiplyKeys(tile: usize, from: usize, stride: i32, rows: i32, D: i32, panels: usize, keys: i32, to: usize, width: i32): void {
  const step = <usize>stride * 4, p1 = rows > 1 ? from + step : from, p2 = rows > 2 ? p1 + step : p1, p3 = rows > 3 ? p2 + step : p2
  for (let j = 0; j < keys; j += 8) {
    clearTile(tile)
    addTile(tile, from, p1, p2, p3, 4, 0, panels + <usize>(j * D) * 4, 32, D, 1)
    storeTile(tile, to + <usize>j * 4, <usize>width * 4, 4, 8, 0, 0)
  }
}

/** args: qkv, y, lse, B, T, H, D, CAUSAL, 1 / sqrt(D) (bits). A part computes some heads. own: a tile, panels of keys and values, four rows of scores. */
export function attention(args: usize, part: i32, parts: i32, own: usize): void {
  const T = arg(args, 4), H = arg(args, 5), D = arg(args, 6), causal = arg(args, 7), stride = 3 * H * D, width = up(T, 8)
  const keys = own + TILE_BYTES, values = keys + <usize>(width * D) * 4, scores = values + <usize>(up(D, 8) * T) * 4
  const end = begin(arg(args, 3) * H, part + 1, parts)
  for (let head = begin(arg(args, 3) * H, part, parts); head < end; head++) {
    const b = head / H, h = head % H, q = at(args, 0) + <usize>(b * T * stride + h * D) * 4
    packKeys(q + <usize>(H * D) * 4, stride, T, D, keys)
    packValues(q + <usize>(2 * H * D) * 4, stride, T, D, values, T)
    for (let t = 0; t < T; t += 4) {
      const rows = min(4, T - t), seen = causal ? min(T, t + 4) : T
      multiplyKeys(own, q + <usize>(t * stride) * 4, stride, rows, D, keys, seen, scores, width)
      for (let r = 0; r < rows; r++) softmaxRow(args, scores + <usize>(r * width) * 4, causal ? t + r + 1 : T, seen, head * T + t + r)
      for (let d = 0; d < D; d += 8) {
        const s1 = scores + (rows > 1 ? <usize>width * 4 : 0), s2 = scores + (rows > 2 ? <usize>width * 8 : 0), s3 = scores + (rows > 3 ? <usize>width * 12 : 0)
        clearTile(own)
        addTile(own, scores, s1, s2, s3, 4, 0, values + <usize>(d * T) * 4, 32, seen, 1)
        storeTile(own, at(args, 1) + <usize>(((b * T + t) * H + h) * D + d) * 4, <usize>(H * D) * 4, rows, min(8, D - d), 0, 0)
      }
    }
  }
}

/** Scores of `count` keys become probabilities, those after it zeros; the log of their sum goes to lse[row]. */
function softmaxRow(args: usize, scores: usize, count: i32, seen: i32, row: i32): void {
  const scale = f32x4.splat(f32.load(args, 32))
  for (let j = 0; j < count; j += 4) v128.store(scores + <usize>j * 4, f32x4.mul(v128.load(scores + <usize>j * 4), scale))
  const maximum = rowMaximum(scores, count), total = exponentials(scores, count, maximum, scores), factor = f32x4.splat(1 / total)
  for (let j = 0; j < count; j += 4) v128.store(scores + <usize>j * 4, f32x4.mul(v128.load(scores + <usize>j * 4), factor))
  for (let j = count; j < seen; j++) f32.store(scores + <usize>j * 4, 0)
  f32.store(at(args, 2) + <usize>row * 4, maximum + <f32>Math.log(<f64>total))
}

/** args: y, dy, delta, B, T, H, D. A part computes some of B * T. */
export function attention_delta(args: usize, part: i32, parts: i32, own: usize): void {
  const T = arg(args, 4), H = arg(args, 5), D = arg(args, 6), end = begin(arg(args, 3) * T, part + 1, parts)
  for (let row = begin(arg(args, 3) * T, part, parts); row < end; row++) for (let h = 0; h < H; h++) {
    const o = <usize>((row * H + h) * D) * 4
    let sum = zero4(), rest: f32 = 0
    let i = 0
    for (; i + 4 <= D; i += 4) sum = f32x4.add(sum, f32x4.mul(v128.load(at(args, 0) + o + <usize>i * 4), v128.load(at(args, 1) + o + <usize>i * 4)))
    for (; i < D; i++) rest += f32.load(at(args, 0) + o + <usize>i * 4) * f32.load(at(args, 1) + o + <usize>i * 4)
    f32.store(at(args, 2) + <usize>(((row / T) * H + h) * T + row % T) * 4, sumLanes(sum) + rest)
  }
}

/** Queries whose probabilities exist at once in the backward pass. */
const BLOCK: i32 = 64

/**
 * args: qkv, dy, lse, delta, dqkv, B, T, H, D, CAUSAL, 1 / sqrt(D) (bits). A part computes some heads. own: a tile; panels of keys, of values by key, of keys
 * by D; panels of a block's queries and upstream gradients by D; probabilities and their gradients [BLOCK, width]; tiles of dk and dv.
 */
export function attention_gradient(args: usize, part: i32, parts: i32, own: usize): void {
  const T = arg(args, 6), H = arg(args, 7), D = arg(args, 8), causal = arg(args, 9), stride = 3 * H * D, width = up(T, 8), deep = up(D, 8)
  const keys = own + TILE_BYTES, values = keys + <usize>(width * D) * 4, keyRows = values + <usize>(width * D) * 4
  const queries = keyRows + <usize>(deep * T) * 4, upstream = queries + <usize>(deep * BLOCK) * 4
  const p = upstream + <usize>(deep * BLOCK) * 4, ds = p + <usize>(BLOCK * width) * 4
  const dk = ds + <usize>(BLOCK * width) * 4, tiles = <usize>(width / 4 * (deep / 8)) * TILE_BYTES, dv = dk + tiles
  const end = begin(arg(args, 5) * H, part + 1, parts)
  for (let head = begin(arg(args, 5) * H, part, parts); head < end; head++) {
    const b = head / H, h = head % H, start = <usize>(b * T * stride + h * D) * 4, q = at(args, 0) + start, dq = at(args, 4) + start
    const dy = at(args, 1) + <usize>((b * T * H + h) * D) * 4
    packKeys(q + <usize>(H * D) * 4, stride, T, D, keys)
    packKeys(q + <usize>(2 * H * D) * 4, stride, T, D, values)
    packValues(q + <usize>(H * D) * 4, stride, T, D, keyRows, T)
    memory.fill(dk, 0, 2 * tiles)
    for (let t0 = 0; t0 < T; t0 += BLOCK) {
      const count = min(BLOCK, T - t0), seen = causal ? min(T, t0 + count) : T
      packValues(q + <usize>(t0 * stride) * 4, stride, count, D, queries, BLOCK)
      packValues(dy + <usize>(t0 * H * D) * 4, H * D, count, D, upstream, BLOCK)
      for (let t = 0; t < count; t += 4) {
        const rows = min(4, count - t), to = <usize>(t * width) * 4
        multiplyKeys(own, q + <usize>((t0 + t) * stride) * 4, stride, rows, D, keys, seen, p + to, width)
        multiplyKeys(own, dy + <usize>((t0 + t) * H * D) * 4, H * D, rows, D, values, seen, ds + to, width)
        for (let r = 0; r < rows; r++) gradientRow(args, p + to + <usize>(r * width) * 4, ds + to + <usize>(r * width) * 4, causal ? t0 + t + r + 1 : T, seen, head * T + t0 + t + r)
        for (let d = 0; d < D; d += 8) {
          const s0 = ds + to, s1 = rows > 1 ? s0 + <usize>width * 4 : s0, s2 = rows > 2 ? s1 + <usize>width * 4 : s1, s3 = rows > 3 ? s2 + <usize>width * 4 : s2
          clearTile(own)
          addTile(own, s0, s1, s2, s3, 4, 0, keyRows + <usize>(d * T) * 4, 32, seen, 1)
          storeTile(own, dq + <usize>((t0 + t) * stride + d) * 4, <usize>stride * 4, rows, min(8, D - d), 0, 0)
        }
      }
      // Columns of ds and p are the rows of these: dk += ds^T q, dv += p^T dy.
      for (let j = 0; j < seen; j += 4) for (let d = 0; d < D; d += 8) {
        const tile = <usize>(j / 4 * (deep / 8) + d / 8) * TILE_BYTES, s = ds + <usize>j * 4, w = p + <usize>j * 4
        addTile(dk + tile, s, s + 4, s + 8, s + 12, <usize>width * 4, 0, queries + <usize>(d * BLOCK) * 4, 32, count, 1)
        addTile(dv + tile, w, w + 4, w + 8, w + 12, <usize>width * 4, 0, upstream + <usize>(d * BLOCK) * 4, 32, count, 1)
      }
    }
    for (let j = 0; j < T; j += 4) for (let d = 0; d < D; d += 8) {
      const tile = <usize>(j / 4 * (deep / 8) + d / 8) * TILE_BYTES, to = dq + <usize>(j * stride + d) * 4, columns = min(8, D - d)
      storeTile(dk + tile, to + <usize>(H * D) * 4, <usize>stride * 4, min(4, T - j), columns, 0, 0)
      storeTile(dv + tile, to + <usize>(2 * H * D) * 4, <usize>stride * 4, min(4, T - j), columns, 0, 0)
    }
  }
}

/** p: scores -> probabilities; ds: dy · v -> gradients of the scores; zeros after `count` keys. */
function gradientRow(args: usize, p: usize, ds: usize, count: i32, seen: i32, row: i32): void {
  const scale = f32x4.splat(f32.load(args, 40)), lse = f32x4.splat(f32.load(at(args, 2) + <usize>row * 4)), delta = f32x4.splat(f32.load(at(args, 3) + <usize>row * 4))
  for (let j = 0; j < seen; j += 4) {
    const o = <usize>j * 4, left = count - j
    const probability = exp4(f32x4.sub(f32x4.mul(v128.load(p + o), scale), lse))
    const gradient = f32x4.mul(f32x4.mul(probability, f32x4.sub(v128.load(ds + o), delta)), scale)
    v128.store(p + o, zero4())
    v128.store(ds + o, zero4())
    if (left <= 0) continue
    storeLanes(p + o, probability, left)
    storeLanes(ds + o, gradient, left)
  }
}
