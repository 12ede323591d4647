// How GPUs multiply matrices: rows for real GPUs, rows for software adapters, and one that computes anything anywhere.
import { ceilDiv } from '../base/math.ts'
import { gemmAlgorithms } from './gemm.algorithms.ts'
import { dim, linearGrid, own, RESULTS, WORKSPACE, type Algorithm, type Consts, type DispatchDeclaration, type Dims, type OneDispatch, type WorkspacePart } from './kernel.ts'
import { hasQuads } from './subgroups.ts'

const tiles = (d: Dims, m: number, n: number): readonly [number, number, number] => [ceilDiv(dim(d, 'N'), n), ceilDiv(dim(d, 'M'), m), 1]

const { workgroupTiles, splitK, slicedK, registerTiles } = gemmAlgorithms({
  includes: ['kernels/matmul/problem.wgsl'],
  operands: ['a', 'b'],
  output: 'c',
  activation: true,
  rows: (d) => dim(d, 'M'),
  columns: (d) => dim(d, 'N'),
  depth: (d) => dim(d, 'K'),
  divides: (d) => [d['TA'] === 1 ? 'M' : 'K', d['TB'] === 1 ? 'K' : 'N', 'N'].every((key) => dim(d, key) % 4 === 0),
})

/** Operands whose stored rows divide by four are seen as vec4s. */
const vectorViews = (d: Dims): Readonly<Record<string, 'vec4<f32>'>> => {
  const rows = { a: dim(d, d['TA'] === 1 ? 'M' : 'K'), b: dim(d, d['TB'] === 1 ? 'K' : 'N'), c: dim(d, 'N'), bias: dim(d, 'N') }
  return Object.fromEntries(Object.entries(rows).filter(([, length]) => length % 4 === 0).map(([name]) => [name, 'vec4<f32>' as const]))
}

/** `layers` products of one shape that lie one after the other. */
interface Products {
  readonly M: number
  readonly N: number
  readonly K: number
  readonly TA: number
  readonly TB: number
  readonly layers: number
}

/** What quad-tiles.wgsl is given: products of any size are one pipeline. */
const quadNumbers = ({ M, N, K, TA, TB }: Omit<Products, 'layers'>, { BIAS, ACT }: { readonly BIAS: number; readonly ACT: number }): Dims => ({ M, N, K, TA, TB, BIAS, ACT })

/** Four invocations are one SIMD unit there and exchange what they loaded; bias and activation come as vec4s. */
const quadTiles: OneDispatch = {
  name: 'quad-tiles',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/matmul/quad-tiles.wgsl',
  includes: ['kernels/activation-vec4.wgsl'],
  // The first compiles several times sooner than the others, which win up to a half on large products.
  variants: [
    { ROWS: 4, BLOCKS: 1, DEPTH: 1 },
    { ROWS: 8, BLOCKS: 1, DEPTH: 2 },
    { ROWS: 8, BLOCKS: 2, DEPTH: 2 },
  ],
  views: vectorViews,
  fits: (d, c, gpu) => hasQuads(gpu) && (c['DEPTH'] === 1 || dim(d, 'K') % (4 * dim(c, 'DEPTH')) === 0),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => tiles(d, 4 * dim(c, 'ROWS'), 16 * dim(c, 'BLOCKS')),
  numbers: (d) => quadNumbers(d as unknown as Products, { BIAS: dim(d, 'BIAS'), ACT: dim(d, 'ACT') }),
}

type Bound = DispatchDeclaration['binds'][string]

/** Products of parts of workspaces or of a call's buffers, which are vec4s, without bias and activation: one pipeline with those that matmul computes. */
export const quadProducts = (p: Products, c: Consts, binds: Readonly<Record<'a' | 'b' | 'c', Bound>>): DispatchDeclaration => ({
  shader: quadTiles.shader,
  includes: quadTiles.includes!,
  binds: { a: binds.a, b: binds.b, c: binds.c },
  views: { a: 'vec4<f32>', b: 'vec4<f32>', [WORKSPACE]: 'vec4<f32>', [RESULTS]: 'vec4<f32>' },
  workgroup: [4, 1, 1],
  grid: [ceilDiv(p.N, 16 * dim(c, 'BLOCKS')), ceilDiv(p.M, 4 * dim(c, 'ROWS')), p.layers],
  numbers: quadNumbers(p, { BIAS: 0, ACT: 0 }),
})

/** Elements that a product may leave in the workspace, 4 MiB. */
const MOST_PRODUCT = 2 ** 20

/** Bias and activation apart: a first step may have a pipeline for the product anyway, and what is left compiles at once. */
const quadTilesApart: Algorithm = {
  name: 'quad-tiles-apart',
  suits: 'software',
  features: ['subgroups'],
  variants: [{ ROWS: 8, BLOCKS: 1, DEPTH: 1 }, { ROWS: 4, BLOCKS: 1, DEPTH: 1 }],
  likely: () => false,
  fits: (d, _, gpu) => hasQuads(gpu) && (d['BIAS'] === 1 || d['ACT'] !== 0) && ['M', 'N', 'K'].every((key) => dim(d, key) % 4 === 0) && dim(d, 'M') * dim(d, 'N') <= MOST_PRODUCT,
  workspace: () => 0,
  results: (d) => dim(d, 'M') * dim(d, 'N'),
  dispatches(d, c) {
    const elements = dim(d, 'M') * dim(d, 'N')
    const product: WorkspacePart = { of: RESULTS, offset: 0, length: elements }
    const { M, N, K, TA, TB } = d as unknown as Products
    return [
      quadProducts({ M, N, K, TA, TB, layers: 1 }, c, { a: 'a', b: 'b', c: { ...product, written: true } }),
      {
        shader: 'kernels/matmul/epilogue.wgsl',
        includes: ['kernels/activation.wgsl'],
        binds: { product, ...own('bias', 'c') },
        workgroup: [64, 1, 1],
        grid: linearGrid(elements, 64),
        numbers: { SIZE: elements, N },
      },
    ]
  },
}

/** Last layers of a few outputs: where there are long bodies, a product this small is over before one is compiled. */
const SMALL_PRODUCT = 2 ** 20
const single: Algorithm = {
  ...registerTiles,
  name: 'single',
  suits: 'software',
  variants: [{ X: 4, Y: 1, ROWS: 1, COLS: 1 }],
  fits: (d, _, gpu) => hasQuads(gpu) && dim(d, 'M') * dim(d, 'N') * dim(d, 'K') < SMALL_PRODUCT,
}

export const matmulAlgorithms: readonly Algorithm[] = [single, quadTiles, quadTilesApart, ...splitK, ...workgroupTiles, slicedK, registerTiles]
