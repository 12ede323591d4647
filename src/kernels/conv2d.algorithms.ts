// How convolutions run: as implicit matrix products on GPUs, directly where the shape is odd, in strips that share loads on
// software adapters. The filter gradient is a reduction over the pixels of the batch, never one invocation per weight.
import { ceilDiv } from '../base/math.ts'
import { gemmAlgorithms } from './gemm.algorithms.ts'
import { dim, linearGrid, variants, type Algorithm, type Consts, type Dims } from './kernel.ts'
import { hasQuads } from './subgroups.ts'

const outputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW')
const inputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W')
const taps = (d: Dims): number => dim(d, 'KH') * dim(d, 'KW')
const divides = (d: Dims, ...keys: readonly string[]): boolean => keys.every((key) => dim(d, key) % 4 === 0)

const forwardGemm = gemmAlgorithms({
  includes: ['kernels/conv2d/taps.wgsl', 'kernels/conv2d/forward-problem.wgsl'],
  activation: true,
  rows: outputPixels,
  columns: (d) => dim(d, 'F'),
  depth: (d) => taps(d) * dim(d, 'C'),
  vectors: { buffers: ['x', 'w', 'bias', 'y'], divides: (d) => divides(d, 'C', 'F') },
})
const inputGradientGemm = gemmAlgorithms({
  includes: ['kernels/conv2d/taps.wgsl', 'kernels/conv2d/input-gradient-problem.wgsl'],
  rows: inputPixels,
  columns: (d) => dim(d, 'C'),
  depth: (d) => taps(d) * dim(d, 'F'),
  vectors: { buffers: ['dy', 'w', 'dx'], divides: (d) => divides(d, 'C', 'F') },
})
const filterGradientGemm = gemmAlgorithms({
  includes: ['kernels/conv2d/taps.wgsl', 'kernels/conv2d/filter-gradient-problem.wgsl'],
  rows: (d) => taps(d) * dim(d, 'C'),
  columns: (d) => dim(d, 'F'),
  depth: outputPixels,
  vectors: { buffers: ['x', 'dy', 'dw'], divides: (d) => divides(d, 'C', 'F') },
})

/** One output pixel and FB filters per invocation: a good start for few channels, and right for any shape. */
const direct: Algorithm = {
  name: 'direct',
  shader: 'kernels/conv2d/direct.wgsl',
  includes: ['kernels/activation.wgsl'],
  variants: variants({ FB: [4, 8, 1], X: [64] }),
  grid: (d, c) => linearGrid(outputPixels(d) * ceilDiv(dim(d, 'F'), dim(c, 'FB')), dim(c, 'X')),
}

const inputGradientDirect: Algorithm = {
  name: 'direct',
  shader: 'kernels/conv2d/input-gradient-direct.wgsl',
  variants: variants({ CB: [4, 8, 1], X: [64] }),
  grid: (d, c) => linearGrid(inputPixels(d) * ceilDiv(dim(d, 'C'), dim(c, 'CB')), dim(c, 'X')),
}

const STRIP_VARIANTS = variants({ ROWS: [7, 8, 14, 16, 4] })

/** Longer bodies take SwiftShader seconds to compile, and outputs beside the row are wasted. */
const stripFits = (width: number, d: Dims, c: Consts): boolean =>
  dim(c, 'ROWS') * dim(d, 'KW') <= 80 && ([4, 8].includes(dim(c, 'ROWS')) || width % dim(c, 'ROWS') === 0)

const quadStrips: Algorithm = {
  name: 'quad-strips',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/quad-strips.wgsl',
  includes: ['kernels/activation-vec4.wgsl', 'kernels/conv2d/forward-strips.wgsl'],
  variants: STRIP_VARIANTS,
  views: (d) => ({ ...(divides(d, 'C') ? { x: 'vec4<f32>' } : {}), w: 'vec4<f32>', bias: 'vec4<f32>', y: 'vec4<f32>' }),
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'F') && stripFits(dim(d, 'OW'), d, c),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [ceilDiv(dim(d, 'F'), 16), ceilDiv(dim(d, 'N') * dim(d, 'OH') * ceilDiv(dim(d, 'OW'), dim(c, 'ROWS')), 4), 1],
}

const inputGradientStrips: Algorithm = {
  ...quadStrips,
  includes: ['kernels/conv2d/input-gradient-strips.wgsl'],
  views: () => ({ dy: 'vec4<f32>', w: 'vec4<f32>', dx: 'vec4<f32>' }),
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'C', 'F') && stripFits(dim(d, 'W'), d, c) && d['SH'] === 1 && d['SW'] === 1 && dim(d, 'PT') < dim(d, 'KH') && dim(d, 'PL') < dim(d, 'KW'),
  grid: (d, c) => [ceilDiv(dim(d, 'C'), 16), ceilDiv(dim(d, 'N') * dim(d, 'H') * ceilDiv(dim(d, 'W'), dim(c, 'ROWS')), 4), 1],
}

const filterGradientQuads: Algorithm = {
  name: 'quads',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/filter-gradient-quads.wgsl',
  variants: [{ CHANNELS: 2, TAPS: 5, PIXELS: 16 }, { CHANNELS: 2, TAPS: 5, PIXELS: 8 }, { CHANNELS: 2, TAPS: 3, PIXELS: 16 }, { CHANNELS: 4, TAPS: 3, PIXELS: 8 }, { CHANNELS: 4, TAPS: 1, PIXELS: 16 }],
  views: (_, c) => ({ x: c['CHANNELS'] === 2 ? 'vec2<f32>' : 'vec4<f32>', dy: 'vec4<f32>', dw: 'vec4<f32>' }),
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'C', 'F') && (c['TAPS'] === 1 || (d['SW'] === 1 && dim(c, 'TAPS') <= dim(d, 'KW'))),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [ceilDiv(dim(d, 'F'), 16), dim(d, 'KH') * ceilDiv(dim(d, 'KW'), dim(c, 'TAPS')) * ceilDiv(dim(d, 'C'), 4 * dim(c, 'CHANNELS')), 1],
}

const filterGradientTaps: Algorithm = {
  name: 'taps',
  suits: 'gpu',
  shader: 'kernels/conv2d/filter-gradient-taps.wgsl',
  variants: [{ X: 64, TAP_ROWS: 1, BLOCKS: 1, STRIP: 2 }, { X: 64, TAP_ROWS: 3, BLOCKS: 1, STRIP: 2 }],
  views: () => ({ dy: 'vec4<f32>', dw: 'vec4<f32>' }),
  fits: (d, c, gpu) => divides(d, 'F') && dim(d, 'C') <= 4 && dim(c, 'TAP_ROWS') <= dim(d, 'KH')
    && dim(c, 'TAP_ROWS') * dim(d, 'KW') * dim(c, 'BLOCKS') <= 18
    && 16 * dim(c, 'X') * dim(c, 'TAP_ROWS') * dim(d, 'KW') * dim(c, 'BLOCKS') <= gpu.maxComputeWorkgroupStorageSize,
  grid: (d, c) => [ceilDiv(dim(d, 'F'), 4 * dim(c, 'BLOCKS')), dim(d, 'C') * ceilDiv(dim(d, 'KH'), dim(c, 'TAP_ROWS')), 1],
}

/** For few channels. */
const filterGradientLines: Algorithm = {
  name: 'lines',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/filter-gradient-lines.wgsl',
  variants: [{ TAP_ROWS: 3, STRIP: 8 }, { TAP_ROWS: 3, STRIP: 14 }, { TAP_ROWS: 3, STRIP: 16 }, { TAP_ROWS: 5, STRIP: 14 }, { TAP_ROWS: 1, STRIP: 8 }],
  views: () => ({ dy: 'vec4<f32>', dw: 'vec4<f32>' }),
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'F') && dim(d, 'C') <= 4 && dim(c, 'TAP_ROWS') <= dim(d, 'KH')
    && (c['STRIP'] === 8 || dim(d, 'OW') % dim(c, 'STRIP') === 0) && dim(c, 'TAP_ROWS') * dim(d, 'KW') * dim(c, 'STRIP') <= 350,
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [dim(d, 'F') / 4, dim(d, 'C') * ceilDiv(dim(d, 'KH'), dim(c, 'TAP_ROWS')), 1],
}

const filterGradientWorkgroup: Algorithm = {
  name: 'workgroup',
  shader: 'kernels/conv2d/filter-gradient-workgroup.wgsl',
  variants: variants({ FB: [4], X: [128, 32, 4] }),
  grid: (d, c) => [ceilDiv(dim(d, 'F'), dim(c, 'FB')), taps(d) * dim(d, 'C'), 1],
}

export const conv2dAlgorithms: readonly Algorithm[] = [quadStrips, ...forwardGemm.splitK, ...forwardGemm.workgroupTiles, direct, forwardGemm.registerTiles]
export const inputGradientAlgorithms: readonly Algorithm[] = [inputGradientStrips, ...inputGradientGemm.splitK, ...inputGradientGemm.workgroupTiles, inputGradientDirect, inputGradientGemm.registerTiles]
export const filterGradientAlgorithms: readonly Algorithm[] = [
  filterGradientQuads,
  filterGradientLines,
  filterGradientTaps,
  ...filterGradientGemm.splitK, ...filterGradientGemm.workgroupTiles, filterGradientGemm.slicedK, filterGradientWorkgroup,
]
