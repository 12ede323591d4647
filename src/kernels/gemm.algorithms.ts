// Matrix products for GPUs, over any problem that defines GM, GN, GK, load_a, load_b and store_c in an include:
// matmul itself, and convolutions as implicit products (nothing is copied into columns).
import { ceilDiv, product } from '../base/math.ts'
import { addSplits, dim, own, variants, WORKSPACE, type Algorithm, type Consts, type Dims, type GpuCapabilities, type OneDispatch } from './kernel.ts'

export interface GemmProblem {
  /** Files that define the problem. */
  readonly includes: readonly string[]
  /** What it multiplies, and what it writes. */
  readonly operands: readonly string[]
  readonly output: string
  /** Its outputs go through activate(). */
  readonly activation?: boolean
  readonly rows: (d: Dims) => number
  readonly columns: (d: Dims) => number
  /** Length of the sum. */
  readonly depth: (d: Dims) => number
  /** Whether operands and output lie in memory so that four neighbours are four of a row or of a column. Absent: never. */
  readonly divides?: (d: Dims) => boolean
}

export interface GemmAlgorithms {
  /** Whole sums, and those of split-K, whose parts of sums a second dispatch adds; operands seen as vec4s where that is possible. */
  readonly workgroupTiles: readonly Algorithm[]
  readonly splitK: readonly Algorithm[]
  /** Few outputs each: the invocations of a workgroup share one sum. */
  readonly slicedK: Algorithm
  readonly registerTiles: Algorithm
}

/** Workgroups by which even a large GPU is busy: with as many tiles, sums need not be split, and many more splits only cost adding. */
const BUSY = 256
/** Sums so long in so few workgroups are never taken whole. */
const NEVER_WHOLE_DEPTH = 4096
const NEVER_WHOLE_TILES = 8
/** Elements of the workspace at most, 4 MiB; and where splits are so long that it hardly matters, 16 MiB. */
const MOST_WORKSPACE = 2 ** 20
const LONG_SPLIT = 512

const SMALL = { X: 8, Y: 8, ROWS: 4, COLS: 4, TILE_K: 16 }
const MEDIUM = { X: 16, Y: 16, ROWS: 4, COLS: 4, TILE_K: 16 }
/** For few columns: filters of a first layer, classes. */
const NARROW = { X: 4, Y: 16, ROWS: 4, COLS: 4, TILE_K: 16 }
/** Sizes that do not divide by four are those of first and last layers, for which large tiles are no use. */
const TILES: Readonly<Record<1 | 4, readonly Consts[]>> = {
  1: [MEDIUM, SMALL, NARROW],
  4: [MEDIUM, SMALL, NARROW, { X: 16, Y: 16, ROWS: 8, COLS: 8, TILE_K: 8 }, { X: 8, Y: 8, ROWS: 8, COLS: 8, TILE_K: 8 }],
}
const split = (row: Consts, counts: readonly number[]): readonly Consts[] => counts.map((splits) => ({ ...row, SPLITS: splits }))
const SPLIT_TILES: Readonly<Record<1 | 4, readonly Consts[]>> = {
  1: [...split(NARROW, [64, 256]), ...split(SMALL, [16, 64, 256])],
  4: [...split(MEDIUM, [16, 4]), ...split(NARROW, [64, 256, 16]), ...split(SMALL, [16, 64, 4, 256])],
}

const tileRows = (c: Consts): number => dim(c, 'Y') * dim(c, 'ROWS')
const tileColumns = (c: Consts): number => dim(c, 'X') * dim(c, 'COLS')

export function gemmAlgorithms({ includes, operands, output, activation = false, rows, columns, depth, divides }: GemmProblem): GemmAlgorithms {
  const tiles = (d: Dims, c: Consts): readonly [number, number] => [ceilDiv(columns(d), tileColumns(c)), ceilDiv(rows(d), tileRows(c))]
  const problem = (width: 1 | 4): readonly string[] => [...(activation ? [width === 4 ? 'kernels/activation-vec4.wgsl' : 'kernels/activation.wgsl'] : []), ...includes]
  const tile = (name: string, variants: readonly Consts[]): OneDispatch => ({ name, shader: `kernels/gemm/${name}.wgsl`, includes: problem(1), variants, grid: (d, c) => [...tiles(d, c), 1] })
  const staged = (d: Dims, c: Consts, gpu: GpuCapabilities): boolean => 4 * dim(c, 'TILE_K') * (tileRows(c) + tileColumns(c) + 8) <= gpu.maxComputeWorkgroupStorageSize
    && depth(d) >= dim(c, 'TILE_K') / 2 && (tileColumns(c) > tileColumns(NARROW) || columns(d) <= tileColumns(NARROW))
  const isWidth = (d: Dims, width: 1 | 4): boolean => (width === 4) === (divides?.(d) ?? false)
  const workgroupTiles = (width: 1 | 4): OneDispatch => ({
    ...tile('workgroup-tiles', TILES[width]),
    ...(width === 4 ? { name: 'workgroup-tiles-vec4', views: () => Object.fromEntries([...operands, 'bias', output, WORKSPACE].map((name) => [name, 'vec4<f32>' as const])) } : {}),
    suits: 'gpu',
    includes: [...problem(width), 'kernels/gemm/whole.wgsl'],
    fits: (d, c, gpu) => isWidth(d, width) && staged(d, c, gpu) && !(depth(d) >= NEVER_WHOLE_DEPTH && product(tiles(d, c)) < NEVER_WHOLE_TILES),
  })
  const elements = (d: Dims, c: Consts): number => dim(c, 'SPLITS') * rows(d) * columns(d)
  const splitK = (width: 1 | 4): Algorithm => {
    const { includes: _includes, grid: _grid, shader, ...whole } = workgroupTiles(width)
    return {
      ...whole,
      name: whole.name.replace('workgroup-tiles', 'split-k'),
      variants: SPLIT_TILES[width],
      fits: (d, c, gpu) => {
        const count = product(tiles(d, c)), splits = dim(c, 'SPLITS')
        return isWidth(d, width) && staged(d, c, gpu) && count < BUSY && count * splits <= 8 * BUSY && depth(d) >= 2 * dim(c, 'TILE_K') * splits
          && elements(d, c) <= MOST_WORKSPACE * (depth(d) >= LONG_SPLIT * splits ? 4 : 1)
      },
      workspace: elements,
      dispatches: (d, c) => [
        { shader, includes: [...problem(width), 'kernels/gemm/split.wgsl'], binds: own(...operands, WORKSPACE), workgroup: [dim(c, 'X'), dim(c, 'Y'), 1], grid: [...tiles(d, c), dim(c, 'SPLITS')] },
        { ...addSplits('kernels/gemm/add-splits.wgsl', rows(d) * columns(d) / width, c), includes: problem(width), binds: own(WORKSPACE, 'bias', output) },
      ],
    }
  }
  const widths = divides === undefined ? [1] as const : [4, 1] as const
  return {
    workgroupTiles: widths.map(workgroupTiles),
    splitK: widths.map(splitK),
    slicedK: {
      ...tile('sliced-k', [{ X: 256, Y: 1, ROWS: 4, COLS: 4 }, { X: 64, Y: 1, ROWS: 4, COLS: 4 }]),
      suits: 'gpu',
      fits: (d, c) => depth(d) >= dim(c, 'X'),
      grid: (d, c) => [ceilDiv(columns(d), dim(c, 'COLS')), ceilDiv(rows(d), dim(c, 'ROWS')), 1],
    },
    registerTiles: tile('register-tiles', [...variants({ X: [8], Y: [8], ROWS: [4, 1], COLS: [4, 1] }), { X: 4, Y: 1, ROWS: 4, COLS: 4 }]),
  }
}
