// 2-D convolution whose filters read only the channels of their group (depthwise where each channel is a group), and whose
// taps may lie apart (dilation; Yu and Koltun 2016, arXiv 1511.07122), forward and both gradients. Plain ones: conv2d.ts.
import { activationByCode } from './activation.ts'
import { convolutionFlops, filterGradientBuffers, forwardBuffers, inputGradientBuffers } from './conv2d.buffers.ts'
import { groupedFilterGradientAlgorithms, groupedForwardAlgorithms, groupedInputGradientAlgorithms } from './grouped-conv2d.algorithms.ts'
import { defineKernel, dim, type Dims, type NumberArray } from './kernel.ts'

const shapes: readonly Dims[] = [
  // Dilated, one group.
  { N: 2, H: 9, W: 8, C: 3, F: 5, KH: 3, KW: 2, OH: 5, OW: 7, SH: 1, SW: 1, PT: 0, PL: 1, DH: 2, DW: 3, G: 1 },
  { N: 2, H: 7, W: 9, C: 4, F: 8, KH: 3, KW: 3, OH: 4, OW: 5, SH: 2, SW: 2, PT: 2, PL: 2, DH: 2, DW: 2, G: 1 },
  // Groups of several filters.
  { N: 2, H: 5, W: 6, C: 6, F: 9, KH: 3, KW: 3, OH: 5, OW: 6, SH: 1, SW: 1, PT: 1, PL: 1, DH: 1, DW: 1, G: 3 },
  { N: 3, H: 6, W: 5, C: 4, F: 8, KH: 2, KW: 3, OH: 3, OW: 3, SH: 2, SW: 2, PT: 0, PL: 1, DH: 1, DW: 1, G: 2 },
  // Depthwise; the last with two filters per channel.
  { N: 2, H: 7, W: 5, C: 8, F: 8, KH: 3, KW: 3, OH: 4, OW: 3, SH: 2, SW: 2, PT: 1, PL: 1, DH: 1, DW: 1, G: 8 },
  { N: 2, H: 6, W: 6, C: 5, F: 5, KH: 3, KW: 3, OH: 6, OW: 6, SH: 1, SW: 1, PT: 2, PL: 2, DH: 2, DW: 2, G: 5 },
  { N: 1, H: 6, W: 4, C: 3, F: 6, KH: 3, KW: 3, OH: 6, OW: 4, SH: 1, SW: 1, PT: 1, PL: 1, DH: 1, DW: 1, G: 3 },
]

/** What the tiles of filter gradients meet besides: single taps in each sort of channels, and a wide kernel. */
const tileShapes: readonly Dims[] = [
  { N: 2, H: 5, W: 9, C: 8, F: 8, KH: 3, KW: 5, OH: 5, OW: 9, SH: 1, SW: 1, PT: 1, PL: 2, DH: 1, DW: 1, G: 8 },
  { N: 2, H: 4, W: 9, C: 8, F: 8, KH: 2, KW: 2, OH: 4, OW: 6, SH: 1, SW: 1, PT: 1, PL: 2, DH: 2, DW: 7, G: 8 },
  { N: 3, H: 5, W: 6, C: 5, F: 5, KH: 2, KW: 1, OH: 3, OW: 3, SH: 2, SW: 2, PT: 1, PL: 0, DH: 1, DW: 1, G: 5 },
  { N: 2, H: 4, W: 5, C: 8, F: 8, KH: 1, KW: 1, OH: 4, OW: 5, SH: 1, SW: 1, PT: 0, PL: 0, DH: 1, DW: 1, G: 2 },
  { N: 2, H: 3, W: 7, C: 4, F: 8, KH: 2, KW: 1, OH: 3, OW: 4, SH: 1, SW: 2, PT: 1, PL: 0, DH: 1, DW: 1, G: 2 },
  { N: 1, H: 5, W: 5, C: 4, F: 6, KH: 1, KW: 1, OH: 5, OW: 5, SH: 1, SW: 1, PT: 0, PL: 0, DH: 1, DW: 1, G: 2 },
]

export const groupedConv2d = defineKernel({
  name: 'grouped-conv2d',
  formula: 'y[N,OH,OW,F] = act(sum over KH,KW and the channels C of the group of F of x[N, OH*SH-PT+KH*DH, OW*SW-PL+KW*DW, C] * w[KH,KW,C within the group,F] + bias[F])',
  buffers: forwardBuffers,
  epilogue: { output: 'y', columns: (d) => dim(d, 'F') },
  algorithms: groupedForwardAlgorithms,
  flops: convolutionFlops,
  reference(d, { x, w, bias, y }) {
    const { forward } = activationByCode(dim(d, 'ACT'))
    const sums = new Float64Array(y!.length)
    eachProduct(d, (xAt, wAt, yAt) => { sums[yAt]! += x![xAt]! * w![wAt]! })
    for (let i = 0; i < sums.length; i++) y![i] = forward(sums[i]! + (d['BIAS'] === 1 ? bias![i % dim(d, 'F')]! : 0))
  },
  probes: [...shapes.map((s) => ({ ...s, BIAS: 1, ACT: 1 })), ...[shapes[1]!, shapes[4]!].map((s) => ({ ...s, BIAS: 0, ACT: 0 }))],
})

export const groupedConv2dInputGradient = defineKernel({
  name: 'grouped-conv2d-input-gradient',
  formula: 'dx[N,H,W,C] = sum over the outputs (OH,OW,F) that read x of dy[N,OH,OW,F] * w[KH,KW,C within the group,F]',
  buffers: inputGradientBuffers,
  algorithms: groupedInputGradientAlgorithms,
  flops: convolutionFlops,
  reference: (d, { dy, w, dx }) => sumUp(d, dx!, (sums, xAt, wAt, yAt) => { sums[xAt]! += dy![yAt]! * w![wAt]! }),
  probes: shapes,
})

export const groupedConv2dFilterGradient = defineKernel({
  name: 'grouped-conv2d-filter-gradient',
  formula: 'dw[KH,KW,C within the group,F] = sum over N,OH,OW of x[N, OH*SH-PT+KH*DH, OW*SW-PL+KW*DW, C] * dy[N,OH,OW,F]',
  buffers: filterGradientBuffers,
  algorithms: groupedFilterGradientAlgorithms,
  flops: convolutionFlops,
  reference: (d, { x, dy, dw }) => sumUp(d, dw!, (sums, xAt, wAt, yAt) => { sums[wAt]! += x![xAt]! * dy![yAt]! }),
  probes: [...shapes, ...tileShapes],
})

function sumUp(d: Dims, to: NumberArray, addTo: (sums: Float64Array, xAt: number, wAt: number, yAt: number) => void): void {
  const sums = new Float64Array(to.length)
  eachProduct(d, (xAt, wAt, yAt) => addTo(sums, xAt, wAt, yAt))
  to.set(sums)
}

/** Calls `visit` with the offsets in x, w and y of every product that the convolution sums. */
function eachProduct(d: Dims, visit: (xAt: number, wAt: number, yAt: number) => void): void {
  const H = dim(d, 'H'), W = dim(d, 'W'), C = dim(d, 'C'), F = dim(d, 'F'), KW = dim(d, 'KW'), OH = dim(d, 'OH'), OW = dim(d, 'OW')
  const channels = C / dim(d, 'G'), filters = F / dim(d, 'G')
  for (let pixel = 0; pixel < dim(d, 'N') * OH * OW; pixel++) for (let tap = 0; tap < dim(d, 'KH') * KW; tap++) {
    const h = Math.floor(pixel / OW) % OH * dim(d, 'SH') - dim(d, 'PT') + Math.floor(tap / KW) * dim(d, 'DH')
    const w = pixel % OW * dim(d, 'SW') - dim(d, 'PL') + tap % KW * dim(d, 'DW')
    if (h < 0 || h >= H || w < 0 || w >= W) continue
    const at = ((Math.floor(pixel / (OH * OW)) * H + h) * W + w) * C
    for (let f = 0; f < F; f++) for (let c = 0; c < channels; c++) visit(at + Math.floor(f / filters) * channels + c, (tap * channels + c) * F + f, pixel * F + f)
  }
}
