// The CPU side of conv2d and its gradients: each row of output pixels becomes a matrix of patches [OW, KH*KW*C], and all
// three are products with it. In double precision, so it is an oracle; in register blocks, so that a coordinator can afford
// to check evaluations with it (about three times as fast as plain loops over taps).
import { roundUp } from '../base/math.ts'
import { activationByCode } from './activation.ts'
import type { NumberArray } from './kernel.ts'

export interface ConvDims {
  readonly N: number; readonly H: number; readonly W: number; readonly C: number; readonly F: number
  readonly KH: number; readonly KW: number; readonly OH: number; readonly OW: number
  readonly SH: number; readonly SW: number; readonly PT: number; readonly PL: number
  readonly BIAS: number; readonly ACT: number
}

/** Columns of a product are padded to whole blocks. */
const BLOCK = 4

export function conv2dReference(d: ConvDims, { x, w, bias, y }: { x: NumberArray; w: NumberArray; bias: NumberArray | undefined; y: NumberArray }): void {
  const { F, OW, BIAS } = d
  const K = d.KH * d.KW * d.C, columns = roundUp(F, BLOCK)
  const { forward } = activationByCode(d.ACT)
  const filters = paddedRows(w, K, F), patches = new Float64Array(OW * K), sums = new Float64Array(OW * columns)
  eachRow(d, (n, oh, yAt) => {
    gatherPatches(d, x, n, oh, patches)
    sums.fill(0)
    addProduct({ M: OW, N: columns, K, a: patches, rowStride: K, columnStride: 1, b: filters, c: sums })
    for (let ow = 0; ow < OW; ow++) for (let f = 0; f < F; f++) y[yAt + ow * F + f] = forward(sums[ow * columns + f]! + (BIAS === 1 ? bias![f]! : 0))
  })
}

export function inputGradientReference(d: ConvDims, { dy, w, dx }: { dy: NumberArray; w: NumberArray; dx: NumberArray }): void {
  const { F, OW } = d
  const K = d.KH * d.KW * d.C, columns = roundUp(K, BLOCK)
  const filters = paddedRows(transposed(w, K, F), F, K), upstream = new Float64Array(OW * F), patches = new Float64Array(OW * columns)
  const sums = new Float64Array(dx.length)
  eachRow(d, (n, oh, yAt) => {
    for (let i = 0; i < OW * F; i++) upstream[i] = dy[yAt + i]!
    patches.fill(0)
    addProduct({ M: OW, N: columns, K: F, a: upstream, rowStride: F, columnStride: 1, b: filters, c: patches })
    eachSegment(d, n, oh, (xAt, ow, k, length) => {
      for (let i = 0; i < length; i++) sums[xAt + i]! += patches[ow * columns + k + i]!
    })
  })
  dx.set(sums)
}

export function filterGradientReference(d: ConvDims, { x, dy, dw }: { x: NumberArray; dy: NumberArray; dw: NumberArray }): void {
  const { F, OW } = d
  const K = d.KH * d.KW * d.C, columns = roundUp(F, BLOCK)
  const patches = new Float64Array(OW * K), upstream = new Float64Array(OW * columns), sums = new Float64Array(K * columns)
  eachRow(d, (n, oh, yAt) => {
    gatherPatches(d, x, n, oh, patches)
    for (let ow = 0; ow < OW; ow++) for (let f = 0; f < F; f++) upstream[ow * columns + f] = dy[yAt + ow * F + f]!
    addProduct({ M: K, N: columns, K: OW, a: patches, rowStride: 1, columnStride: K, b: upstream, c: sums })
  })
  for (let k = 0; k < K; k++) for (let f = 0; f < F; f++) dw[k * F + f] = sums[k * columns + f]!
}

/** Calls `visit` for each row of output pixels, with the offset of its first element in y. */
function eachRow({ N, OH, OW, F }: ConvDims, visit: (n: number, oh: number, yAt: number) => void): void {
  for (let n = 0; n < N; n++) for (let oh = 0; oh < OH; oh++) visit(n, oh, (n * OH + oh) * OW * F)
}

/** Calls `visit` for each run of patch elements that lies in the image: contiguous in x from xAt, and in patch `ow` from k. */
function eachSegment(d: ConvDims, n: number, oh: number, visit: (xAt: number, ow: number, k: number, length: number) => void): void {
  const { H, W, C, KH, KW, OW, SH, SW, PT, PL } = d
  for (let kh = 0; kh < KH; kh++) {
    const h = oh * SH - PT + kh
    if (h < 0 || h >= H) continue
    for (let ow = 0; ow < OW; ow++) {
      const left = ow * SW - PL
      const first = Math.max(0, -left), last = Math.min(KW, W - left)
      if (last > first) visit(((n * H + h) * W + left + first) * C, ow, (kh * KW + first) * C, (last - first) * C)
    }
  }
}

function gatherPatches(d: ConvDims, x: NumberArray, n: number, oh: number, patches: Float64Array): void {
  const K = d.KH * d.KW * d.C
  patches.fill(0)
  eachSegment(d, n, oh, (xAt, ow, k, length) => {
    for (let i = 0; i < length; i++) patches[ow * K + k + i] = x[xAt + i]!
  })
}

/** A copy in double precision whose rows are padded with zeros to whole blocks. */
function paddedRows(matrix: NumberArray, rows: number, columns: number): Float64Array {
  const width = roundUp(columns, BLOCK)
  const padded = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) padded[r * width + c] = matrix[r * columns + c]!
  return padded
}

function transposed(matrix: NumberArray, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = matrix[r * columns + c]!
  return result
}

interface Product {
  readonly M: number; readonly N: number; readonly K: number
  /** Element (m, k) at m * rowStride + k * columnStride. */
  readonly a: Float64Array; readonly rowStride: number; readonly columnStride: number
  /** [K, N] */
  readonly b: Float64Array
  /** [M, N]; N is a multiple of BLOCK. */
  readonly c: Float64Array
}

/** c += a·b, two rows by four columns at a time: eight sums and six factors fit a CPU's registers. */
function addProduct({ M, N, K, a, rowStride, columnStride, b, c }: Product): void {
  for (let m = 0; m < M; m += 2) {
    // An odd last row is computed twice and stored once.
    const next = m + 1 < M ? m + 1 : m
    for (let n = 0; n < N; n += BLOCK) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0
      let at0 = m * rowStride, at1 = next * rowStride, at = n
      for (let k = 0; k < K; k++) {
        const a0 = a[at0]!, a1 = a[at1]!
        const b0 = b[at]!, b1 = b[at + 1]!, b2 = b[at + 2]!, b3 = b[at + 3]!
        s00 += a0 * b0; s01 += a0 * b1; s02 += a0 * b2; s03 += a0 * b3
        s10 += a1 * b0; s11 += a1 * b1; s12 += a1 * b2; s13 += a1 * b3
        at0 += columnStride
        at1 += columnStride
        at += N
      }
      const to = m * N + n
      c[to]! += s00; c[to + 1]! += s01; c[to + 2]! += s02; c[to + 3]! += s03
      if (next === m) continue
      const below = to + N
      c[below]! += s10; c[below + 1]! += s11; c[below + 2]! += s12; c[below + 3]! += s13
    }
  }
}
