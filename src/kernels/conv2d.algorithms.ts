// How GPUs convolve: direct, blocked over filters or channels; the filter gradient reduces over the batch's pixels.
import { ceilDiv } from '../base/math.ts'
import { dim, linearGrid, variants, type Algorithm, type Dims } from './kernel.ts'

const outputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW')
const inputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W')

const direct: Algorithm = {
  name: 'direct',
  shader: 'kernels/conv2d/direct.wgsl',
  includes: ['kernels/activation.wgsl'],
  variants: variants({ FB: [4, 8, 1], X: [64] }),
  workgroup: (_, c) => [dim(c, 'X'), 1, 1],
  grid: (d, c) => linearGrid(outputPixels(d) * ceilDiv(dim(d, 'F'), dim(c, 'FB')), dim(c, 'X')),
}

const inputGradientDirect: Algorithm = {
  name: 'direct',
  shader: 'kernels/conv2d/input-gradient-direct.wgsl',
  variants: variants({ CB: [4, 8, 1], X: [64] }),
  workgroup: (_, c) => [dim(c, 'X'), 1, 1],
  grid: (d, c) => linearGrid(inputPixels(d) * ceilDiv(dim(d, 'C'), dim(c, 'CB')), dim(c, 'X')),
}

const filterGradientWorkgroup: Algorithm = {
  name: 'workgroup',
  shader: 'kernels/conv2d/filter-gradient-workgroup.wgsl',
  variants: variants({ FB: [4, 8], X: [128, 32, 4] }),
  workgroup: (_, c) => [dim(c, 'X'), 1, 1],
  grid: (d, c) => [ceilDiv(dim(d, 'F'), dim(c, 'FB')), dim(d, 'KH') * dim(d, 'KW') * dim(d, 'C'), 1],
}

export const conv2dAlgorithms: readonly Algorithm[] = [direct]
export const inputGradientAlgorithms: readonly Algorithm[] = [inputGradientDirect]
export const filterGradientAlgorithms: readonly Algorithm[] = [filterGradientWorkgroup]
