// Convolutions of every kind by one name: plain ones take the faster kernels of conv2d.ts, others those of grouped-conv2d.ts.
import type { Tensor } from '../tensor.ts'
import { conv2d, conv2dInputGradient } from './conv2d.ts'
import { groupedConv2d, groupedInputGradient, type GroupedGeometry } from './grouped-conv2d.ts'

const isPlain = ({ dilation, groups }: GroupedGeometry): boolean => groups === 1 && dilation.every((step) => step === 1)

/** y[N,OH,OW,F] from x[N,H,W,C] and w[KH,KW,C/groups,F]. */
export const convolve = (x: Tensor, w: Tensor, geometry: GroupedGeometry): Tensor => (isPlain(geometry) ? conv2d(x, w, geometry) : groupedConv2d(x, w, geometry))

/** The convolution of an image of shape `target` run backwards: y of that shape from x[N,OH,OW,F] and w[KH,KW,C/groups,F]. */
export const convolveTransposed = (x: Tensor, w: Tensor, geometry: GroupedGeometry, target: readonly number[]): Tensor =>
  isPlain(geometry) ? conv2dInputGradient(x, w, geometry, target) : groupedInputGradient(x, w, geometry, target)
