// Matrix products for GPUs, over any problem that defines GM, GN, GK, load_a, load_b and store_c in an include:
// matmul itself, and convolutions as implicit products (nothing is copied into columns).
import { ceilDiv } from '../base/math.ts'
import { dim, variants, type Algorithm, type Consts, type Dims } from './kernel.ts'

export interface GemmProblem {
  /** Files that define the problem, activation functions included. */
  readonly includes: readonly string[]
  readonly rows: (d: Dims) => number
  readonly columns: (d: Dims) => number
  /** Length of the sum. */
  readonly depth: (d: Dims) => number
}

export function gemmAlgorithms(problem: GemmProblem): { readonly workgroupTiles: Algorithm; readonly splitK: Algorithm; readonly registerTiles: Algorithm } {
  const grid = (d: Dims, rows: number, columns: number): readonly [number, number, number] =>
    [ceilDiv(problem.columns(d), columns), ceilDiv(problem.rows(d), rows), 1]
  const tileRows = (c: Consts): number => dim(c, 'Y') * dim(c, 'ROWS')
  const tileColumns = (c: Consts): number => dim(c, 'X') * dim(c, 'COLS')
  const tile = (name: string, rows: readonly Consts[]): Algorithm => ({
    name,
    shader: `kernels/gemm/${name}.wgsl`,
    includes: problem.includes,
    variants: rows,
    grid: (d, c) => grid(d, tileRows(c), tileColumns(c)),
  })
  return {
    workgroupTiles: {
      ...tile('workgroup-tiles', [
        { X: 16, Y: 16, ROWS: 4, COLS: 4, TILE_K: 16 },
        { X: 8, Y: 8, ROWS: 8, COLS: 8, TILE_K: 8 },
        { X: 16, Y: 16, ROWS: 8, COLS: 8, TILE_K: 8 },
        { X: 8, Y: 8, ROWS: 4, COLS: 4, TILE_K: 16 },
      ]),
      suits: 'gpu',
      fits: (d, c, gpu) => 4 * dim(c, 'TILE_K') * (tileRows(c) + tileColumns(c) + 8) <= gpu.maxComputeWorkgroupStorageSize
        && problem.depth(d) >= dim(c, 'TILE_K') / 2,
    },
    splitK: {
      ...tile('split-k', [{ X: 256, Y: 1, ROWS: 4, COLS: 4 }, { X: 64, Y: 1, ROWS: 4, COLS: 4 }, { X: 128, Y: 1, ROWS: 2, COLS: 8 }]),
      suits: 'gpu',
      fits: (d, c) => problem.depth(d) >= dim(c, 'X'),
      grid: (d, c) => grid(d, dim(c, 'ROWS'), dim(c, 'COLS')),
    },
    registerTiles: tile('register-tiles', [...variants({ X: [8], Y: [8], ROWS: [4, 1], COLS: [4, 1] }), { X: 4, Y: 1, ROWS: 4, COLS: 4 }]),
  }
}
