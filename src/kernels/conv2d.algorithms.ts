// How convolutions run: as implicit matrix products on GPUs, directly where the shape is odd, in strips that share loads or by
// transformed tiles on software adapters. The filter gradient is a reduction over the pixels of the batch, never one invocation per weight.
import { ceilDiv } from '../base/math.ts'
import { gemmAlgorithms } from './gemm.algorithms.ts'
import { dim, linearGrid, own, variants, WORKSPACE, type Algorithm, type Consts, type Dims, type OneDispatch } from './kernel.ts'
import { hasQuads } from './subgroups.ts'
import { winogradFilterGradient, winogradForward, winogradInputGradient } from './winograd.algorithms.ts'

const outputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW')
const inputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W')
const taps = (d: Dims): number => dim(d, 'KH') * dim(d, 'KW')
const divides = (d: Dims, ...keys: readonly string[]): boolean => keys.every((key) => dim(d, key) % 4 === 0)

const forwardGemm = gemmAlgorithms({
  includes: ['kernels/conv2d/taps.wgsl', 'kernels/conv2d/forward-problem.wgsl'],
  operands: ['x', 'w'],
  output: 'y',
  activation: true,
  rows: outputPixels,
  columns: (d) => dim(d, 'F'),
  depth: (d) => taps(d) * dim(d, 'C'),
  divides: (d) => divides(d, 'C', 'F'),
})
const inputGradientGemm = gemmAlgorithms({
  includes: ['kernels/conv2d/taps.wgsl', 'kernels/conv2d/input-gradient-problem.wgsl'],
  operands: ['dy', 'w'],
  output: 'dx',
  rows: inputPixels,
  columns: (d) => dim(d, 'C'),
  depth: (d) => taps(d) * dim(d, 'F'),
  divides: (d) => divides(d, 'C', 'F'),
})
const filterGradientGemm = gemmAlgorithms({
  includes: ['kernels/conv2d/taps.wgsl', 'kernels/conv2d/filter-gradient-problem.wgsl'],
  operands: ['x', 'dy'],
  output: 'dw',
  rows: (d) => taps(d) * dim(d, 'C'),
  columns: (d) => dim(d, 'F'),
  depth: outputPixels,
  divides: (d) => divides(d, 'C', 'F'),
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

/** Whether strips cover a row of outputs and at most a tenth beside it; those of 4 and 8 are for every width. */
const covers = (strip: number, width: number): boolean => strip === 4 || strip === 8 || ceilDiv(width, strip) * strip <= 1.1 * width

/** From so many columns on, kernels keep what they load in arrays: their bodies compile in half the time. Below, that costs more than it saves. */
const WIDE_KERNEL = 5
const isWide = (d: Dims): boolean => dim(d, 'KW') >= WIDE_KERNEL

/** What strips.wgsl is given at run time: convolutions that agree in what is text there are one pipeline. PADDED is read by directives alone. */
const stripNumbers = (d: Dims, c: Consts): Dims => {
  const [IN_H, IN_W, IN_C, OUT_H, OUT_W, PAD_TOP, PAD_LEFT] = [dim(d, 'H'), dim(d, 'W'), dim(d, 'C'), dim(d, 'OH'), dim(d, 'OW'), dim(d, 'PT'), dim(d, 'PL')]
  const STRIPS = ceilDiv(OUT_W, dim(c, 'ROWS'))
  const inside = PAD_TOP === 0 && PAD_LEFT === 0 && (OUT_H - 1) * dim(d, 'SH') + dim(d, 'KH') <= IN_H && (OUT_W - 1) * dim(d, 'SW') + dim(d, 'KW') <= IN_W
  return {
    IN_H, IN_W, IN_C, IN_STEPS: IN_C % 4 === 0 ? IN_C / 4 : IN_C, OUT_H, OUT_W, OUT_BLOCKS: dim(d, 'F') / 4, PAD_TOP, PAD_LEFT,
    STRIPS, ALL_STRIPS: dim(d, 'N') * OUT_H * STRIPS, PADDED: inside ? 0 : 1,
  }
}

const quadStrips: OneDispatch = {
  name: 'quad-strips',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/quad-strips.wgsl',
  includes: ['kernels/activation-vec4.wgsl', 'kernels/conv2d/strips.wgsl'],
  variants: [{ ROWS: 4, BLOCKS: 1 }, { ROWS: 7, BLOCKS: 1 }, { ROWS: 8, BLOCKS: 1 }, { ROWS: 4, BLOCKS: 2 }],
  views: (d) => ({ ...(divides(d, 'C') ? { x: 'vec4<f32>' } : {}), w: 'vec4<f32>', bias: 'vec4<f32>', y: 'vec4<f32>' }),
  fits: (d, _, gpu) => hasQuads(gpu) && divides(d, 'F') && !isWide(d),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [ceilDiv(dim(d, 'F'), 16 * dim(c, 'BLOCKS')), ceilDiv(dim(d, 'N') * dim(d, 'OH') * ceilDiv(dim(d, 'OW'), dim(c, 'ROWS')), 4), 1],
  numbers: stripNumbers,
}

const quadStripsWide: OneDispatch = {
  ...quadStrips,
  name: 'quad-strips-wide',
  shader: 'kernels/conv2d/quad-strips-wide.wgsl',
  variants: [7, 8, 14, 4].map((ROWS) => ({ ROWS, BLOCKS: 1 })),
  // Longer bodies take SwiftShader seconds to compile; the shortest strips are for kernels of any width.
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'F') && isWide(d) && (c['ROWS'] === 4 || dim(c, 'ROWS') * dim(d, 'KW') <= 80) && covers(dim(c, 'ROWS'), dim(d, 'OW')),
}

/** First layers: all taps of a few channels at once. */
const quadSmall: Algorithm = {
  name: 'quad-small',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/quad-small.wgsl',
  includes: ['kernels/activation-vec4.wgsl'],
  variants: [{ ROWS: 2, BLOCKS: 1 }, { ROWS: 4, BLOCKS: 1 }, { ROWS: 7, BLOCKS: 1 }, { ROWS: 2, BLOCKS: 2 }],
  views: () => ({ w: 'vec4<f32>', bias: 'vec4<f32>', y: 'vec4<f32>' }),
  // Longer bodies take SwiftShader seconds to compile.
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'F') && taps(d) * dim(d, 'C') * dim(c, 'ROWS') * dim(c, 'BLOCKS') <= 100,
  workgroup: quadStrips.workgroup!,
  grid: quadStrips.grid,
}

const stridesOne = (d: Dims): boolean => d['SH'] === 1 && d['SW'] === 1 && dim(d, 'PT') < dim(d, 'KH') && dim(d, 'PL') < dim(d, 'KW')

/** The convolution that an input gradient is with stride 1, of weights turned by 180 degrees, filters and channels swapped. */
const turned = (d: Dims): Dims => ({
  ...d, H: dim(d, 'OH'), W: dim(d, 'OW'), C: dim(d, 'F'), F: dim(d, 'C'), OH: dim(d, 'H'), OW: dim(d, 'W'),
  PT: dim(d, 'KH') - 1 - dim(d, 'PT'), PL: dim(d, 'KW') - 1 - dim(d, 'PL'),
})

/** Turns the weights, and is a convolution then, with the pipeline of those forward. */
const turnedStrips = (forward: OneDispatch): Algorithm => ({
  name: `turned-${forward.name}`,
  suits: 'software',
  features: ['subgroups'],
  variants: forward.variants,
  views: () => ({ dy: 'vec4<f32>', dx: 'vec4<f32>', [WORKSPACE]: 'vec4<f32>' }),
  fits: (d, c, gpu) => divides(d, 'C', 'F') && stridesOne(d) && forward.fits!(turned(d), c, gpu),
  workspace: (d) => taps(d) * dim(d, 'C') * dim(d, 'F'),
  dispatches: (d, c) => [
    { shader: 'kernels/conv2d/turned-weights.wgsl', binds: own('w', WORKSPACE), workgroup: [64, 1, 1], grid: linearGrid(taps(d) * dim(d, 'F') * dim(d, 'C') / 4, 64) },
    {
      shader: forward.shader, includes: forward.includes!, binds: { x: 'dy', w: WORKSPACE, y: 'dx' },
      workgroup: forward.workgroup!(turned(d), c), grid: forward.grid(turned(d), c), numbers: stripNumbers(turned(d), c),
    },
  ],
})

const filterGradientQuads: OneDispatch = {
  name: 'quads',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/filter-gradient-quads.wgsl',
  variants: [{ CHANNELS: 2, TAPS: 3, PIXELS: 4 }, { CHANNELS: 4, TAPS: 1, PIXELS: 4 }, { CHANNELS: 4, TAPS: 3, PIXELS: 4 }],
  views: (_, c) => ({ x: c['CHANNELS'] === 2 ? 'vec2<f32>' : 'vec4<f32>', dy: 'vec4<f32>', dw: 'vec4<f32>' }),
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'C', 'F') && (c['TAPS'] === 1 || (d['SW'] === 1 && dim(c, 'TAPS') <= dim(d, 'KW'))) && (!isWide(d) || d['SW'] !== 1),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [ceilDiv(dim(d, 'F'), 16), dim(d, 'KH') * ceilDiv(dim(d, 'KW'), dim(c, 'TAPS')) * ceilDiv(dim(d, 'C'), 4 * dim(c, 'CHANNELS')), 1],
}

const filterGradientQuadsWide: Algorithm = {
  ...filterGradientQuads,
  name: 'quads-wide',
  variants: [{ CHANNELS: 2, TAPS: 5, PIXELS: 8 }, { CHANNELS: 2, TAPS: 5, PIXELS: 16 }, { CHANNELS: 4, TAPS: 5, PIXELS: 4 }],
  fits: (d, _, gpu) => hasQuads(gpu) && divides(d, 'C', 'F') && d['SW'] === 1 && isWide(d),
}

const filterGradientTaps = (suits: 'gpu' | 'software', rows: Algorithm['variants']): Algorithm => ({
  name: `taps-${suits}`,
  suits,
  shader: 'kernels/conv2d/filter-gradient-taps.wgsl',
  variants: rows,
  views: () => ({ dy: 'vec4<f32>', dw: 'vec4<f32>' }),
  fits: (d, c, gpu) => divides(d, 'F') && dim(d, 'C') <= 4 && dim(c, 'TAP_ROWS') <= dim(d, 'KH')
    && (suits === 'gpu' || !isWide(d) || !hasQuads(gpu))
    && dim(c, 'TAP_ROWS') * dim(d, 'KW') * dim(c, 'BLOCKS') <= 18
    && 16 * dim(c, 'X') * dim(c, 'TAP_ROWS') * dim(d, 'KW') * dim(c, 'BLOCKS') <= gpu.maxComputeWorkgroupStorageSize,
  grid: (d, c) => [ceilDiv(dim(d, 'F'), 4 * dim(c, 'BLOCKS')), dim(d, 'C') * ceilDiv(dim(d, 'KH'), dim(c, 'TAP_ROWS')), 1],
})

/** For few channels and kernels of many columns. */
const filterGradientLines: Algorithm = {
  name: 'lines',
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/conv2d/filter-gradient-lines.wgsl',
  variants: [{ TAP_ROWS: 3, STRIP: 8 }, { TAP_ROWS: 3, STRIP: 14 }, { TAP_ROWS: 5, STRIP: 14 }, { TAP_ROWS: 1, STRIP: 8 }],
  views: () => ({ dy: 'vec4<f32>', dw: 'vec4<f32>' }),
  fits: (d, c, gpu) => hasQuads(gpu) && divides(d, 'F') && dim(d, 'C') <= 4 && dim(c, 'TAP_ROWS') <= dim(d, 'KH') && isWide(d)
    && covers(dim(c, 'STRIP'), dim(d, 'OW')) && dim(c, 'TAP_ROWS') * dim(d, 'KW') * dim(c, 'STRIP') <= 350,
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [dim(d, 'F') / 4, dim(d, 'C') * ceilDiv(dim(d, 'KH'), dim(c, 'TAP_ROWS')), 1],
}

const filterGradientWorkgroup: Algorithm = {
  name: 'workgroup',
  shader: 'kernels/conv2d/filter-gradient-workgroup.wgsl',
  variants: variants({ FB: [4], X: [128, 32, 4] }),
  grid: (d, c) => [ceilDiv(dim(d, 'F'), dim(c, 'FB')), taps(d) * dim(d, 'C'), 1],
}

export const conv2dAlgorithms: readonly Algorithm[] = [winogradForward, quadStripsWide, quadSmall, quadStrips, ...forwardGemm.splitK, ...forwardGemm.workgroupTiles, direct, forwardGemm.registerTiles]
export const inputGradientAlgorithms: readonly Algorithm[] = [winogradInputGradient(turned, stridesOne), turnedStrips(quadStripsWide), turnedStrips(quadStrips), ...inputGradientGemm.splitK, ...inputGradientGemm.workgroupTiles, inputGradientDirect, inputGradientGemm.registerTiles]
export const filterGradientAlgorithms: readonly Algorithm[] = [
  winogradFilterGradient,
  filterGradientQuadsWide, filterGradientQuads,
  filterGradientLines,
  filterGradientTaps('software', [{ X: 4, TAP_ROWS: 3, BLOCKS: 1, STRIP: 4 }, { X: 4, TAP_ROWS: 2, BLOCKS: 1, STRIP: 4 }, { X: 4, TAP_ROWS: 3, BLOCKS: 2, STRIP: 2 }, { X: 4, TAP_ROWS: 1, BLOCKS: 2, STRIP: 4 }]),
  filterGradientTaps('gpu', [{ X: 64, TAP_ROWS: 1, BLOCKS: 1, STRIP: 2 }, { X: 64, TAP_ROWS: 3, BLOCKS: 1, STRIP: 2 }]),
  ...filterGradientGemm.splitK, ...filterGradientGemm.workgroupTiles, filterGradientGemm.slicedK, filterGradientWorkgroup,
]
