// c[M,N] = act(A·B + bias[N]) in two steps: B is copied into panels of eight columns, then tiles of four rows run down them.
import { addTile, clearTile, packPanel, packTransposedPanel, storeTile, TILE_BYTES } from './tile'
import { arg, at, begin } from './simd'

/** args: b, N, K, TB, panels. A part packs some of the panels. */
export function pack_columns(args: usize, part: i32, parts: i32, own: usize): void {
  const b = at(args, 0), N = arg(args, 1), K = arg(args, 2), transposed = arg(args, 3), panels = at(args, 4)
  const count = (N + 7) >> 3
  const end = begin(count, part + 1, parts)
  for (let p = begin(count, part, parts); p < end; p++) {
    const columns = min(8, N - 8 * p), to = panels + <usize>(p * K) * 32
    if (transposed) packTransposedPanel(b + <usize>(8 * p) * <usize>K * 4, K, K, columns, to)
    else packPanel(b + <usize>p * 32, N, K, columns, to)
  }
}

/** Rows of A that are kept in the cache while all panels pass by. */
const BLOCK_ROWS: i32 = 64

/**
 * args: a, b (panels, or b itself where PACKED = 0), c, bias, M, N, K, TA, ACT, PACKED, BYCOLUMNS. A part computes some rows, or
 * some columns where BYCOLUMNS = 1. own: a tile, then BLOCK_ROWS * K floats where TA.
 */
export function matmul(args: usize, part: i32, parts: i32, own: usize): void {
  const M = arg(args, 4), N = arg(args, 5), byColumns = arg(args, 10)
  const rowBlocks = (M + 3) >> 2, panels = (N + 7) >> 3
  const m0 = byColumns ? 0 : 4 * begin(rowBlocks, part, parts), m1 = byColumns ? M : min(M, 4 * begin(rowBlocks, part + 1, parts))
  const p0 = byColumns ? begin(panels, part, parts) : 0, p1 = byColumns ? begin(panels, part + 1, parts) : panels
  for (let m = m0; m < m1; m += BLOCK_ROWS) multiplyBlock(args, own, m, min(m1, m + BLOCK_ROWS), p0, p1)
}

function multiplyBlock(args: usize, own: usize, m0: i32, m1: i32, panel0: i32, panel1: i32): void {
  const b = at(args, 1), c = at(args, 2), bias = at(args, 3), M = arg(args, 4), N = arg(args, 5), K = arg(args, 6)
  const TA = arg(args, 7), act = arg(args, 8), packed = arg(args, 9)
  const block = own + TILE_BYTES
  const a = TA ? block : at(args, 0) + <usize>m0 * <usize>K * 4
  if (TA) packRows(at(args, 0) + <usize>m0 * 4, M, K, m1 - m0, block)
  const rowStep: usize = TA ? 16 : 4
  const panelBytes: usize = packed ? <usize>K * 32 : 32, columnStep: usize = packed ? 32 : <usize>N * 4
  for (let p = panel0; p < panel1; p++) {
    const panel = b + <usize>p * panelBytes, columns = min(8, N - 8 * p)
    const panelBias = bias ? bias + <usize>p * 32 : 0
    for (let m = m0; m < m1; m += 4) {
      const rows = min(4, m1 - m)
      // Rows past the end repeat the last: they are computed and never stored.
      const first = a + <usize>(m - m0) * <usize>K * 4
      const stride: usize = TA ? 4 : <usize>K * 4
      const second = rows > 1 ? first + stride : first, third = rows > 2 ? second + stride : second, fourth = rows > 3 ? third + stride : third
      clearTile(own)
      addTile(own, first, second, third, fourth, rowStep, 0, panel, columnStep, K, 1)
      storeTile(own, c + (<usize>m * <usize>N + <usize>(8 * p)) * 4, <usize>N * 4, rows, columns, panelBias, act)
    }
  }
}

/** to[block][k][4] = a[k, 4 block ..]: columns of a[K, M] become rows of tiles. */
function packRows(a: usize, stride: i32, K: i32, rows: i32, to: usize): void {
  for (let r = 0; r < rows; r += 4) {
    let from = a + <usize>r * 4
    for (let k = 0; k < K; k++) {
      v128.store(to, v128.load(from))
      to += 16
      from += <usize>stride * 4
    }
  }
}
