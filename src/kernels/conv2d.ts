// 2-D convolution (cross-correlation, as every framework means it) in NHWC, forward and both gradients.
// Padding is explicit at the top and left; the output size says how far it reaches at the bottom and right.
import { conv2dAlgorithms, filterGradientAlgorithms, inputGradientAlgorithms } from './conv2d.algorithms.ts'
import { convolutionFlops, filterGradientBuffers, forwardBuffers, inputGradientBuffers } from './conv2d.buffers.ts'
import { conv2dReference, filterGradientReference, inputGradientReference, type ConvDims } from './conv2d.reference.ts'
import { defineKernel, dim, type Dims } from './kernel.ts'

const conv = (d: Dims): ConvDims => d as unknown as ConvDims

const shapes = [
  { N: 2, H: 9, W: 7, C: 3, F: 5, KH: 3, KW: 3, OH: 7, OW: 5, SH: 1, SW: 1, PT: 0, PL: 0 },
  { N: 5, H: 8, W: 8, C: 4, F: 8, KH: 5, KW: 5, OH: 8, OW: 8, SH: 1, SW: 1, PT: 2, PL: 2 },
  // No padding, and neither pixels nor channels nor filters fill the last tile.
  { N: 2, H: 5, W: 8, C: 12, F: 20, KH: 3, KW: 3, OH: 3, OW: 6, SH: 1, SW: 1, PT: 0, PL: 0 },
  { N: 2, H: 11, W: 10, C: 1, F: 32, KH: 3, KW: 2, OH: 6, OW: 5, SH: 2, SW: 2, PT: 1, PL: 0 },
]
/** Kernels of many columns have software rows of their own, for lines that their strips cover. */
const wide = { N: 2, H: 5, W: 14, C: 4, F: 20, KH: 5, KW: 5, OH: 5, OW: 14, SH: 1, SW: 1, PT: 2, PL: 2 }
/** Groups of taps of which the last is partial, and no padding. */
const wideInGroups = { N: 1, H: 4, W: 13, C: 12, F: 4, KH: 2, KW: 7, OH: 3, OW: 7, SH: 1, SW: 1, PT: 0, PL: 0 }
const wideWithStrides = { N: 2, H: 7, W: 19, C: 3, F: 12, KH: 3, KW: 6, OH: 3, OW: 7, SH: 2, SW: 2, PT: 0, PL: 0 }
const differingStrides = { N: 2, H: 9, W: 8, C: 4, F: 8, KH: 3, KW: 2, OH: 4, OW: 3, SH: 2, SW: 3, PT: 0, PL: 0 }
/** Input gradients turn the kernel around: of other rows than columns, with padding at one side only, and with all there can be. */
const turnedShapes = [
  { N: 2, H: 6, W: 7, C: 4, F: 8, KH: 2, KW: 3, OH: 6, OW: 7, SH: 1, SW: 1, PT: 0, PL: 2 },
  { N: 2, H: 6, W: 7, C: 4, F: 8, KH: 2, KW: 3, OH: 7, OW: 9, SH: 1, SW: 1, PT: 1, PL: 2 },
]
/** Filter gradients sum over pixels in tiles: two where no tile reaches beyond the image, so that nothing is zeroed, and one with strides. */
const tiledShapes = [
  { N: 2, H: 4, W: 6, C: 4, F: 8, KH: 3, KW: 3, OH: 2, OW: 4, SH: 1, SW: 1, PT: 0, PL: 0 },
  { N: 1, H: 4, W: 8, C: 8, F: 4, KH: 3, KW: 5, OH: 2, OW: 4, SH: 1, SW: 1, PT: 0, PL: 0 },
  { N: 2, H: 7, W: 8, C: 12, F: 20, KH: 3, KW: 3, OH: 3, OW: 3, SH: 2, SW: 2, PT: 0, PL: 0 },
]
/** Sums so long that they can be taken in parts, by single channels and by fours. */
const longSums = {
  forward: [
    ...([[911, 10], [912, 12]] as const).map(([C, F]) => ({ N: 1, H: 4, W: 4, C, F, KH: 3, KW: 3, OH: 2, OW: 2, SH: 1, SW: 1, PT: 0, PL: 0 })),
    // Several tiles of several splits.
    { N: 1, H: 11, W: 10, C: 60, F: 68, KH: 3, KW: 3, OH: 9, OW: 8, SH: 1, SW: 1, PT: 0, PL: 0 },
  ],
  inputGradient: ([[10, 911], [12, 912]] as const).map(([C, F]) => ({ N: 1, H: 4, W: 4, C, F, KH: 3, KW: 3, OH: 2, OW: 2, SH: 1, SW: 1, PT: 0, PL: 0 })),
  filterGradient: ([[3, 10], [4, 12]] as const).map(([C, F]) => ({ N: 2, H: 65, W: 65, C, F, KH: 2, KW: 2, OH: 64, OW: 65, SH: 1, SW: 1, PT: 0, PL: 1 })),
}
const plain = (s: Dims): Dims => ({ ...s, BIAS: 0, ACT: 0 })

export const conv2d = defineKernel({
  name: 'conv2d',
  formula: 'y[N,OH,OW,F] = act(sum over KH,KW,C of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * w[KH,KW,C,F] + bias[F])',
  buffers: forwardBuffers,
  epilogue: { output: 'y', columns: (d) => dim(d, 'F') },
  algorithms: conv2dAlgorithms,
  flops: convolutionFlops,
  reference: (d, { x, w, bias, y }) => conv2dReference(conv(d), { x: x!, w: w!, bias, y: y! }),
  // Without bias and activation only as many as every row fits one of: compiling is dear, and no shape makes a difference to what is not there.
  probes: [...[...shapes, wide, wideWithStrides, { ...wideWithStrides, C: 4 }, differingStrides, ...longSums.forward].map((s) => ({ ...s, BIAS: 1, ACT: 1 })), ...shapes.slice(2).map(plain)],
})

export const conv2dInputGradient = defineKernel({
  name: 'conv2d-input-gradient',
  formula: 'dx[N,H,W,C] = sum over the outputs (OH,OW,F) that read x of dy[N,OH,OW,F] * w[KH,KW,C,F]',
  buffers: inputGradientBuffers,
  algorithms: inputGradientAlgorithms,
  flops: convolutionFlops,
  reference: (d, { dy, w, dx }) => inputGradientReference(conv(d), { dy: dy!, w: w!, dx: dx! }),
  probes: [...shapes, wide, ...turnedShapes, ...longSums.inputGradient].map(plain),
})

export const conv2dFilterGradient = defineKernel({
  name: 'conv2d-filter-gradient',
  formula: 'dw[KH,KW,C,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C] * dy[N,OH,OW,F]',
  buffers: filterGradientBuffers,
  algorithms: filterGradientAlgorithms,
  flops: convolutionFlops,
  reference: (d, { x, dy, dw }) => filterGradientReference(conv(d), { x: x!, dy: dy!, dw: dw! }),
  probes: [...shapes, ...tiledShapes, wide, wideInGroups, wideWithStrides, ...longSums.filterGradient].map(plain),
})
