// How GPUs multiply matrices: rows for real GPUs, rows for software adapters, and one that computes anything anywhere.
import { ceilDiv } from '../base/math.ts'
import { dim, variants, type Algorithm, type Consts, type Dims } from './kernel.ts'

const threads = (c: Consts): number => dim(c, 'X') * dim(c, 'Y')
const tiles = (d: Dims, m: number, n: number): readonly [number, number, number] => [ceilDiv(dim(d, 'N'), n), ceilDiv(dim(d, 'M'), m), 1]

const workgroupTiles: Algorithm = {
  name: 'workgroup-tiles',
  suits: 'gpu',
  shader: 'kernels/matmul/workgroup-tiles.wgsl',
  includes: ['kernels/activation.wgsl', 'kernels/matmul/load.wgsl'],
  variants: [
    { X: 16, Y: 16, ROWS: 4, COLS: 4, TILE_K: 16 },
    { X: 16, Y: 16, ROWS: 2, COLS: 2, TILE_K: 16 },
    { X: 8, Y: 8, ROWS: 4, COLS: 4, TILE_K: 16 },
    { X: 16, Y: 16, ROWS: 8, COLS: 4, TILE_K: 8 },
    { X: 8, Y: 8, ROWS: 8, COLS: 8, TILE_K: 8 },
    { X: 16, Y: 16, ROWS: 1, COLS: 1, TILE_K: 32 },
  ],
  fits: (_, c, gpu) => threads(c) <= gpu.maxComputeInvocationsPerWorkgroup
    && 4 * dim(c, 'TILE_K') * (dim(c, 'Y') * dim(c, 'ROWS') + dim(c, 'X') * dim(c, 'COLS') + 2) <= gpu.maxComputeWorkgroupStorageSize,
  workgroup: (_, c) => [dim(c, 'X'), dim(c, 'Y'), 1],
  grid: (d, c) => tiles(d, dim(c, 'Y') * dim(c, 'ROWS'), dim(c, 'X') * dim(c, 'COLS')),
}

const registerTiles: Algorithm = {
  name: 'register-tiles',
  shader: 'kernels/matmul/register-tiles.wgsl',
  includes: ['kernels/activation.wgsl', 'kernels/matmul/load.wgsl'],
  variants: [...variants({ X: [8], Y: [8], ROWS: [4, 2, 1], COLS: [4, 2, 1] }), { X: 4, Y: 1, ROWS: 4, COLS: 4 }],
  workgroup: (_, c) => [dim(c, 'X'), dim(c, 'Y'), 1],
  grid: (d, c) => tiles(d, dim(c, 'Y') * dim(c, 'ROWS'), dim(c, 'X') * dim(c, 'COLS')),
}

/** Operands whose stored rows divide by four are seen as vec4s. */
const vectorViews = (d: Dims): Readonly<Record<string, 'vec4<f32>'>> => {
  const rows = { a: dim(d, d['TA'] === 1 ? 'M' : 'K'), b: dim(d, d['TB'] === 1 ? 'K' : 'N'), c: dim(d, 'N'), bias: dim(d, 'N') }
  return Object.fromEntries(Object.entries(rows).filter(([, length]) => length % 4 === 0).map(([name]) => [name, 'vec4<f32>' as const]))
}

/** Four invocations are one SIMD unit there and exchange what they loaded; bias and activation come as vec4s. */
const quadTiles: Algorithm = {
  name: 'quad-tiles',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/matmul/quad-tiles.wgsl',
  includes: ['kernels/activation-vec4.wgsl'],
  variants: [
    { ROWS: 8, BLOCKS: 1, DEPTH: 2 },
    { ROWS: 4, BLOCKS: 1, DEPTH: 1 },
    { ROWS: 8, BLOCKS: 1, DEPTH: 1 },
    { ROWS: 8, BLOCKS: 2, DEPTH: 2 },
    { ROWS: 8, BLOCKS: 2, DEPTH: 1 },
    { ROWS: 4, BLOCKS: 2, DEPTH: 1 },
  ],
  views: vectorViews,
  fits: (d, c, gpu) => gpu.subgroupMinSize === 4 && gpu.subgroupMaxSize === 4 && (c['DEPTH'] === 1 || dim(d, 'K') % (4 * dim(c, 'DEPTH')) === 0),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => tiles(d, 4 * dim(c, 'ROWS'), 16 * dim(c, 'BLOCKS')),
}

export const matmulAlgorithms: readonly Algorithm[] = [quadTiles, workgroupTiles, registerTiles]
