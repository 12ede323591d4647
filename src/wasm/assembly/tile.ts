// The one inner loop of every product: four rows by eight columns of sums in registers, eight multiply-adds for six loads.
// Four by eight is the largest tile that V8 keeps in the sixteen registers of x64 (six by eight spills and is a third slower).
import { activate } from './elementary'
import { fma, storeLanes, zero4 } from './simd'

export const TILE_ROWS: i32 = 4
export const TILE_COLUMNS: i32 = 8
/** Bytes of a tile's sums: [4, 8] floats. */
export const TILE_BYTES: usize = 128

/**
 * sums[4, 8] += over `segments` x `length` steps of p_i[step] * b[step, 0..8]. Each step moves the four row pointers by `rowStep`
 * bytes and b by `columnStep`; after each segment rows skip `rowSkip` bytes more. `length` and `segments` are at least 1.
 */
export function addTile(
  sums: usize, p0: usize, p1: usize, p2: usize, p3: usize, rowStep: usize, rowSkip: usize,
  b: usize, columnStep: usize, length: i32, segments: i32,
): void {
  let c00 = v128.load(sums, 0), c01 = v128.load(sums, 16), c10 = v128.load(sums, 32), c11 = v128.load(sums, 48)
  let c20 = v128.load(sums, 64), c21 = v128.load(sums, 80), c30 = v128.load(sums, 96), c31 = v128.load(sums, 112)
  do {
    let k = length
    do {
      const b0 = v128.load(b, 0), b1 = v128.load(b, 16)
      let a = v128.load32_splat(p0)
      c00 = fma(a, b0, c00)
      c01 = fma(a, b1, c01)
      a = v128.load32_splat(p1)
      c10 = fma(a, b0, c10)
      c11 = fma(a, b1, c11)
      a = v128.load32_splat(p2)
      c20 = fma(a, b0, c20)
      c21 = fma(a, b1, c21)
      a = v128.load32_splat(p3)
      c30 = fma(a, b0, c30)
      c31 = fma(a, b1, c31)
      p0 += rowStep
      p1 += rowStep
      p2 += rowStep
      p3 += rowStep
      b += columnStep
    } while (--k)
    p0 += rowSkip
    p1 += rowSkip
    p2 += rowSkip
    p3 += rowSkip
  } while (--segments)
  v128.store(sums, c00, 0)
  v128.store(sums, c01, 16)
  v128.store(sums, c10, 32)
  v128.store(sums, c11, 48)
  v128.store(sums, c20, 64)
  v128.store(sums, c21, 80)
  v128.store(sums, c30, 96)
  v128.store(sums, c31, 112)
}

/** By stores: filling memory is a call out of WASM. */
export function clearTile(sums: usize): void {
  const zero = zero4()
  v128.store(sums, zero)
  v128.store(sums, zero, 16)
  v128.store(sums, zero, 32)
  v128.store(sums, zero, 48)
  v128.store(sums, zero, 64)
  v128.store(sums, zero, 80)
  v128.store(sums, zero, 96)
  v128.store(sums, zero, 112)
}

/** y[r, 0..columns] = act(sums[r] + bias) for the first `rows` rows, `stride` bytes apart; bias may be 0: none. */
export function storeTile(sums: usize, y: usize, stride: usize, rows: i32, columns: i32, bias: usize, act: i32): void {
  if (columns == 8 && !bias && !act) {
    for (let r = 0; r < rows; r++, sums += 32, y += stride) {
      v128.store(y, v128.load(sums))
      v128.store(y, v128.load(sums, 16), 16)
    }
    return
  }
  const left = bias ? v128.load(bias) : zero4(), right = bias ? v128.load(bias, 16) : zero4()
  for (let r = 0; r < rows; r++) {
    storeLanes(y, activate(f32x4.add(v128.load(sums), left), act), columns)
    if (columns > 4) storeLanes(y + 16, activate(f32x4.add(v128.load(sums, 16), right), act), columns - 4)
    sums += 32
    y += stride
  }
}

/** One panel of b[K, N]: to[k][8] = b[k, 0..columns], zeros beyond; `stride` elements between rows of b. */
export function packPanel(b: usize, stride: i32, K: i32, columns: i32, to: usize): void {
  if (columns >= 8) {
    for (let k = 0; k < K; k++) {
      v128.store(to, v128.load(b))
      v128.store(to, v128.load(b, 16), 16)
      to += 32
      b += <usize>stride << 2
    }
    return
  }
  for (let k = 0; k < K; k++) {
    for (let j = 0; j < 8; j++) store<f32>(to + (<usize>j << 2), j < columns ? load<f32>(b + (<usize>j << 2)) : 0)
    to += 32
    b += <usize>stride << 2
  }
}

/** The same of a transposed b[N, K]: to[k][8] = b[0..columns, k]; `stride` elements between rows of b. */
export function packTransposedPanel(b: usize, stride: i32, K: i32, columns: i32, to: usize): void {
  const step = <usize>stride << 2
  for (let half = 0; half < 2; half++) {
    const valid = min(4, columns - 4 * half)
    let out = to + (<usize>half << 4)
    if (valid <= 0) {
      for (let k = 0; k < K; k++, out += 32) v128.store(out, zero4())
      continue
    }
    // Rows past the end repeat the last valid one: their columns are computed and never stored.
    const r0 = b + step * <usize>(4 * half)
    const r1 = valid > 1 ? r0 + step : r0, r2 = valid > 2 ? r1 + step : r1, r3 = valid > 3 ? r2 + step : r2
    let k = 0
    for (; k + 4 <= K; k += 4, out += 128) {
      const o = <usize>k << 2
      const a0 = v128.load(r0 + o), a1 = v128.load(r1 + o), a2 = v128.load(r2 + o), a3 = v128.load(r3 + o)
      const t0 = i32x4.shuffle(a0, a1, 0, 4, 1, 5), t1 = i32x4.shuffle(a0, a1, 2, 6, 3, 7)
      const t2 = i32x4.shuffle(a2, a3, 0, 4, 1, 5), t3 = i32x4.shuffle(a2, a3, 2, 6, 3, 7)
      v128.store(out, i64x2.shuffle(t0, t2, 0, 2))
      v128.store(out, i64x2.shuffle(t0, t2, 1, 3), 32)
      v128.store(out, i64x2.shuffle(t1, t3, 0, 2), 64)
      v128.store(out, i64x2.shuffle(t1, t3, 1, 3), 96)
    }
    for (; k < K; k++, out += 32) {
      const o = <usize>k << 2
      f32.store(out, f32.load(r0 + o))
      f32.store(out, f32.load(r1 + o), 4)
      f32.store(out, f32.load(r2 + o), 8)
      f32.store(out, f32.load(r3 + o), 12)
    }
  }
}
