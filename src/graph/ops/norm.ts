// Layer, RMS and group norm: one op over [N, P, C] with G groups of channels, and its gradients.
import { ConfigError } from '../../base/errors.ts'
import { ceilDiv, floatBits, product } from '../../base/math.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { norm as forwardKernel, normInputGradient, normParamGradient } from '../../kernels/norm.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'

export interface Affine {
  /** [C]; absent: 1. */
  readonly scale?: Tensor
  /** [C]; absent: 0. Only together with `scale`. */
  readonly shift?: Tensor
  /** Added to the variance. */
  readonly epsilon: number
}

/** x[..., C] normalised over its last dimension: mean 0 and variance 1, times `scale`, plus `shift`. */
export const layerNorm = (x: Tensor, affine: Affine): Tensor => normalise(x, affine, { groups: 1, rms: 0, rows: 1 })

/** x[..., C] divided by the root of the mean square over its last dimension, times `scale`. */
export const rmsNorm = (x: Tensor, affine: Omit<Affine, 'shift'>): Tensor => normalise(x, affine, { groups: 1, rms: 1, rows: 1 })

/** x[B, ..., C] normalised over all positions and the C / groups channels of each group of each example. */
export const groupNorm = (x: Tensor, groups: number, affine: Affine): Tensor => normalise(x, affine, { groups, rms: 0, rows: 0 })

/** `rows` 1: each row of channels is normalised by itself; 0: all rows of an example together. */
type Statistics = { readonly groups: number; readonly rms: number; readonly rows: number }
type NormAttrs = Statistics & { readonly epsilon: number }
type ParamGradientAttrs = { readonly dims: readonly number[]; readonly rms: number; readonly shift: number; readonly variance: number; readonly epsilon: number }

function normalise(x: Tensor, { scale, shift, epsilon }: Affine, statistics: Statistics): Tensor {
  return apply(normOp, [x, ...(scale === undefined ? [] : [scale]), ...(shift === undefined ? [] : [shift])], { ...statistics, epsilon })[0]!
}

export const normOp: Op<NormAttrs> = {
  name: 'norm',
  infer([x, ...affine], { groups, rms, rows }, label) {
    const C = x!.shape.at(-1)!
    if (x!.shape.length < 2) throw new ConfigError(`${label}: must normalise the channels of a batch, got ${formatShape(x!.shape)}. Give it a dimension of channels.`)
    if (C % groups !== 0) throw new ConfigError(`${label}: must have channels that divide into its groups, got ${C} channels of ${formatShape(x!.shape)} and ${groups} groups. Use a number of groups that divides ${C}.`)
    for (const { shape } of affine) {
      if (shape.length !== 1 || shape[0] !== C) throw new ConfigError(`${label}: must have a number for each channel, got ${formatShape(x!.shape)} and ${formatShape(shape)}. Give it shape ${formatShape([C])}.`)
    }
    const statistics = { shape: [product(x!.shape) / C / (rows === 1 ? 1 : positions(x!.shape)) * groups], element: 'f32' } as const
    return [{ shape: x!.shape, element: 'f32' }, ...(rms === 1 ? [] : [statistics]), statistics]
  },
  gradient(node, [dy]) {
    if (dy === undefined) return []
    const [x, scale, shift] = node.inputs
    const { groups, rms, rows, epsilon } = node.attrs
    const statistics = node.outputs.slice(1)
    const dx = apply(normInputGradientOp, [x!, dy, ...statistics, ...(scale === undefined ? [] : [scale])], { groups, rms, rows, epsilon })[0]!
    if (scale === undefined) return [dx]
    const { N, P, C, G } = normDims(x!.shape, node.attrs)
    return [dx, ...normParamGradients([x!, dy, ...statistics], { dims: [N!, P!, C!, G!], rms, shift: shift === undefined ? 0 : 1, variance: 0, epsilon })]
  },
  lower({ inputs: [x, scale, shift], outputs, attrs, label }) {
    return {
      kernel: forwardKernel,
      dims: { ...normDims(x!.shape, attrs), SCALE: scale === undefined ? 0 : 1, SHIFT: shift === undefined ? 0 : 1, EPSILON: floatBits(attrs.epsilon) },
      buffers: { x: x!, ...(scale === undefined ? {} : { scale }), ...(shift === undefined ? {} : { shift }), y: outputs[0]!, ...(attrs.rms === 1 ? {} : { mean: outputs[1]! }), rstd: outputs.at(-1)! },
      label,
    }
  },
  probes: [
    { inputs: [{ shape: [3, 2, 5] }, { shape: [5] }, { shape: [5] }], build: ([x, scale, shift]) => layerNorm(x!, { scale: scale!, shift: shift!, epsilon: 1e-3 }) },
    { inputs: [{ shape: [3, 6] }], build: ([x]) => layerNorm(x!, { epsilon: 1e-3 }) },
    { inputs: [{ shape: [4, 6] }, { shape: [6] }], build: ([x, scale]) => rmsNorm(x!, { scale: scale!, epsilon: 1e-3 }) },
    { inputs: [{ shape: [2, 3, 2, 6] }, { shape: [6] }, { shape: [6] }], build: ([x, scale, shift]) => groupNorm(x!, 3, { scale: scale!, shift: shift!, epsilon: 1e-3 }) },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [4] }], build: ([x, scale]) => groupNorm(x!, 4, { scale: scale!, epsilon: 1e-3 }) },
  ],
}

/** Inputs: x, dy, the statistics and, if there is one, the scale. No gradient rule of its own. */
export const normInputGradientOp: Op<NormAttrs> = {
  name: 'norm-input-gradient',
  infer: ([x]) => [{ shape: x!.shape, element: 'f32' }],
  lower({ inputs: [x, dy, ...rest], outputs: [dx], attrs, label }) {
    const [mean, rstd, scale] = attrs.rms === 1 ? [undefined, ...rest] : rest
    return {
      kernel: normInputGradient,
      dims: { ...normDims(x!.shape, attrs), SCALE: scale === undefined ? 0 : 1 },
      buffers: { x: x!, dy: dy!, ...(scale === undefined ? {} : { scale }), ...(mean === undefined ? {} : { mean }), rstd: rstd!, dx: dx! },
      label,
    }
  },
  probes: [],
}

/** Enough partial sums to occupy a GPU, each over enough rows to be worth one. */
const MOST_CHUNKS = 128, FEWEST_ROWS = 32

/** Gradients of the scale and, where asked for, of the shift. Inputs: x, dy, statistics; dims are N, P, C and G of kernels/norm.ts. */
export function normParamGradients(inputs: readonly Tensor[], attrs: ParamGradientAttrs): readonly Tensor[] {
  // One chunk is the whole sum; but only one output of a call can lie in the arena of gradients.
  return apply(normParamGradientOp, inputs, attrs).map((partial, i) => (partial.shape[0] === 1 && i === 0 ? reshape(partial, [partial.shape[1]!]) : sum(partial, 0)))
}

/** Partial sums [CHUNKS, C]. No gradient rule of its own. */
export const normParamGradientOp: Op<ParamGradientAttrs> = {
  name: 'norm-param-gradient',
  infer(_inputs, { dims: [N, P, C], shift }) {
    const partials = { shape: [chunksOf(N! * P!), C!], element: 'f32' } as const
    return shift === 1 ? [partials, partials] : [partials]
  },
  lower({ inputs: [x, dy, ...statistics], outputs: [dscale, dshift], attrs: { dims: [N, P, C, G], rms, shift, variance, epsilon }, label }) {
    return {
      kernel: normParamGradient,
      dims: { N: N!, P: P!, C: C!, G: G!, RMS: rms, CHUNKS: dscale!.shape[0]!, VARIANCE: variance, SHIFT: shift, EPSILON: floatBits(epsilon) },
      buffers: { x: x!, dy: dy!, ...(rms === 1 ? {} : { mean: statistics[0]! }), rstd: statistics.at(-1)!, dscale: dscale!, ...(dshift === undefined ? {} : { dshift }) },
      label,
    }
  },
  probes: [],
}

/** How many partial sums a sum over `rows` rows is made of. */
export function chunksOf(rows: number): number {
  const chunkRows = Math.max(FEWEST_ROWS, ceilDiv(rows, MOST_CHUNKS))
  return ceilDiv(rows, chunkRows)
}

/** Positions in an example: all dimensions but the first and the last. */
const positions = (shape: readonly number[]): number => product(shape.slice(1, -1))

function normDims(shape: readonly number[], { groups, rms, rows }: Statistics): Dims {
  const C = shape.at(-1)!
  const P = rows === 1 ? 1 : positions(shape)
  return { N: product(shape) / C / P, P, C, G: groups, RMS: rms }
}
