// Matrix products for GPUs, over any problem that defines GM, GN, GK, load_a, load_b and store_c in an include:
// matmul itself, and convolutions as implicit products (nothing is copied into columns).
import { ceilDiv } from '../base/math.ts'
import { dim, linearGrid, variants, type Algorithm, type Consts, type Dims, type GpuCapabilities } from './kernel.ts'

export interface GemmProblem {
  /** Files that define the problem, activation functions included. */
  readonly includes: readonly string[]
  readonly rows: (d: Dims) => number
  readonly columns: (d: Dims) => number
  /** Length of the sum. */
  readonly depth: (d: Dims) => number
}

export interface GemmAlgorithms {
  readonly workgroupTiles: Algorithm
  readonly splitTiles: Algorithm
  readonly splitK: Algorithm
  readonly registerTiles: Algorithm
}

/** Workgroups by which even a large GPU is busy: with as many tiles, sums need no parts. */
const BUSY = 256
/** Elements of the workspace at most: 4 MiB. */
const MOST_WORKSPACE = 2 ** 20

export function gemmAlgorithms({ includes, rows, columns, depth }: GemmProblem): GemmAlgorithms {
  const tileRows = (c: Consts): number => dim(c, 'Y') * dim(c, 'ROWS')
  const tileColumns = (c: Consts): number => dim(c, 'X') * dim(c, 'COLS')
  const tiles = (d: Dims, c: Consts): readonly [number, number, number] => [ceilDiv(columns(d), tileColumns(c)), ceilDiv(rows(d), tileRows(c)), 1]
  const tile = (name: string, variants: readonly Consts[]): Algorithm => ({ name, shader: `kernels/gemm/${name}.wgsl`, includes, variants, grid: tiles })
  const small = { X: 8, Y: 8, ROWS: 4, COLS: 4, TILE_K: 16 }, medium = { X: 16, Y: 16, ROWS: 4, COLS: 4, TILE_K: 16 }
  /** For few columns: filters of a first layer, classes. */
  const narrow = { X: 4, Y: 16, ROWS: 4, COLS: 4, TILE_K: 16 }
  const staged = (d: Dims, c: Consts, gpu: GpuCapabilities): boolean => 4 * dim(c, 'TILE_K') * (tileRows(c) + tileColumns(c) + 8) <= gpu.maxComputeWorkgroupStorageSize
    && (tileColumns(c) > tileColumns(narrow) || columns(d) <= tileColumns(narrow))
  const workgroupTiles: Algorithm = {
    ...tile('workgroup-tiles', [medium, { X: 8, Y: 8, ROWS: 8, COLS: 8, TILE_K: 8 }, { X: 16, Y: 16, ROWS: 8, COLS: 8, TILE_K: 8 }, small, narrow]),
    suits: 'gpu',
    includes: [...includes, 'kernels/gemm/whole.wgsl'],
    fits: (d, c, gpu) => staged(d, c, gpu) && depth(d) >= dim(c, 'TILE_K') / 2,
  }
  const elements = (d: Dims, c: Consts): number => dim(c, 'PARTS') * rows(d) * columns(d)
  const splitTiles: Algorithm = {
    ...workgroupTiles,
    name: 'split-tiles',
    includes: [...includes, 'kernels/gemm/parts.wgsl'],
    variants: [{ ...small, PARTS: 16 }, { ...medium, PARTS: 4 }, { ...medium, PARTS: 16 }, { ...small, PARTS: 4 }, { ...small, PARTS: 64 }, { ...narrow, PARTS: 16 }, { ...narrow, PARTS: 64 }],
    fits: (d, c, gpu) => {
      const [x, y] = tiles(d, c)
      return staged(d, c, gpu) && x * y < BUSY && x * y * dim(c, 'PARTS') <= 8 * BUSY && depth(d) >= 2 * dim(c, 'TILE_K') * dim(c, 'PARTS') && elements(d, c) <= MOST_WORKSPACE
    },
    grid: (d, c) => [...tiles(d, c).slice(0, 2) as [number, number], dim(c, 'PARTS')],
    finish: { shader: 'kernels/gemm/add-parts.wgsl', includes, workspace: elements, reads: ['bias'], workgroup: [64, 1, 1], grid: (d) => linearGrid(rows(d) * columns(d), 64) },
  }
  const splitK: Algorithm = {
    ...tile('split-k', [{ X: 256, Y: 1, ROWS: 4, COLS: 4 }, { X: 64, Y: 1, ROWS: 4, COLS: 4 }]),
    suits: 'gpu',
    fits: (d, c) => depth(d) >= dim(c, 'X'),
    grid: (d, c) => [ceilDiv(columns(d), dim(c, 'COLS')), ceilDiv(rows(d), dim(c, 'ROWS')), 1],
  }
  return { workgroupTiles, splitTiles, splitK, registerTiles: tile('register-tiles', [...variants({ X: [8], Y: [8], ROWS: [4, 1], COLS: [4, 1] }), { X: 4, Y: 1, ROWS: 4, COLS: 4 }]) }
}
