// Batch norm over the last dimension of a tensor: the statistics of a batch, the normalisation by them (or by fixed ones),
// and its gradients, which see the statistics as functions of the batch.
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import { batchNormalise, batchNormInputGradient, channelMoments, channelStatistics } from '../../kernels/batch-norm.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { chunksOf, normParamGradients } from './norm.ts'

export interface BatchStatistics {
  /** [C], all three. */
  readonly mean: Tensor
  /** Mean square distance from the mean, divided by the number of rows. */
  readonly variance: Tensor
  /** 1 / sqrt(variance + epsilon) */
  readonly rstd: Tensor
}

/** Of each channel of x[..., C], over everything else. */
export function batchStatistics(x: Tensor, epsilon: number): BatchStatistics {
  const [sums, squares] = apply(channelMomentsOp, [x], {})
  const [mean, variance, rstd] = apply(channelStatisticsOp, [x, sums!, squares!], { epsilon })
  return { mean: mean!, variance: variance!, rstd: rstd! }
}

interface BatchAffine {
  readonly scale: Tensor
  readonly shift: Tensor
}

/** x[..., C] normalised by its own statistics: `batchStatistics(x)`, which its gradient takes into account. */
export const batchNorm = (x: Tensor, { mean, rstd }: BatchStatistics, affine?: BatchAffine): Tensor =>
  apply(batchNormOp, [x, mean, rstd, ...(affine === undefined ? [] : [affine.scale, affine.shift])], { fixed: 0, epsilon: 0 })[0]!

/** x[..., C] normalised by statistics that are constants. */
export const fixedNorm = (x: Tensor, { mean, variance, epsilon }: { readonly mean: Tensor; readonly variance: Tensor; readonly epsilon: number }, affine?: BatchAffine): Tensor =>
  apply(batchNormOp, [x, mean, variance, ...(affine === undefined ? [] : [affine.scale, affine.shift])], { fixed: 1, epsilon })[0]!

/** `fixed` 1: inputs 1 and 2 are constants, and input 2 is a variance, not 1 / deviation. */
type BatchNormAttrs = { readonly fixed: number; readonly epsilon: number }

const rowDims = (x: Tensor): { readonly R: number; readonly C: number } => ({ R: product(x.shape.slice(0, -1)), C: x.shape.at(-1)! })
const flagDims = (x: Tensor, { fixed, epsilon }: BatchNormAttrs, scaled: boolean): Dims => ({ ...rowDims(x), VARIANCE: fixed, SCALE: scaled ? 1 : 0, EPSILON: floatBits(epsilon) })

export const batchNormOp: Op<BatchNormAttrs> = {
  name: 'batch-norm',
  infer([x, ...vectors], _attrs, label) {
    for (const { shape } of vectors) {
      if (shape.length !== 1 || shape[0] !== x!.shape.at(-1)) throw new ConfigError(`${label}: must have a number for each channel, got ${formatShape(x!.shape)} and ${formatShape(shape)}. Give it shape ${formatShape(x!.shape.slice(-1))}.`)
    }
    return [{ shape: x!.shape, element: 'f32' }]
  },
  gradient({ inputs, attrs }, [dy]) {
    if (dy === undefined) return []
    const [x, mean, deviation, scale] = inputs as [Tensor, Tensor, Tensor, Tensor | undefined]
    const { R, C } = rowDims(x)
    const [dscale, dshift] = normParamGradients([x, dy, mean, deviation], { dims: [1, R, C, C], rms: 0, shift: 1, variance: attrs.fixed, epsilon: attrs.epsilon })
    const sources = attrs.fixed === 1 ? [dy, deviation] : [dy, deviation, x, mean, dscale!, dshift!]
    const dx = apply(batchNormInputGradientOp, [...sources, ...(scale === undefined ? [] : [scale])], attrs)[0]!
    return scale === undefined ? [dx] : [dx, undefined, undefined, dscale, dshift]
  },
  lower: ({ inputs: [x, mean, rstd, scale, shift], outputs: [y], attrs, label }) => ({
    kernel: batchNormalise,
    dims: flagDims(x!, attrs, scale !== undefined),
    buffers: { x: x!, mean: mean!, rstd: rstd!, ...(scale === undefined ? {} : { scale, shift: shift! }), y: y! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [4, 2, 3] }, { shape: [3] }, { shape: [3] }], build: ([x, scale, shift]) => batchNorm(x!, batchStatistics(x!, 1e-3), { scale: scale!, shift: shift! }) },
    { inputs: [{ shape: [5, 4] }], build: ([x]) => batchNorm(x!, batchStatistics(x!, 1e-3)) },
    {
      inputs: [{ shape: [5, 4] }, { shape: [4], constant: true }, { shape: [4], constant: true }, { shape: [4] }, { shape: [4] }],
      // A variance that random numbers below 0 would not be.
      build: ([x, mean, other, scale, shift]) => fixedNorm(x!, { mean: mean!, variance: batchStatistics(other!, 1).rstd, epsilon: 1e-2 }, { scale: scale!, shift: shift! }),
    },
  ],
}

/** Inputs: dy, rstd (a variance where fixed); where not fixed x, mean, dscale, dshift; and, if there is one, the scale. */
export const batchNormInputGradientOp: Op<BatchNormAttrs> = {
  name: 'batch-norm-input-gradient',
  infer: ([dy]) => [{ shape: dy!.shape, element: 'f32' }],
  lower({ inputs, outputs: [dx], attrs, label }) {
    const [dy, rstd, ...rest] = inputs as [Tensor, Tensor, ...Tensor[]]
    const [x, mean, dscale, dshift, scale] = attrs.fixed === 1 ? [undefined, undefined, undefined, undefined, ...rest] : rest
    const own = x === undefined ? {} : { x, mean: mean!, dscale: dscale!, dshift: dshift! }
    return {
      kernel: batchNormInputGradient,
      dims: flagDims(dy, attrs, scale !== undefined),
      buffers: { dy, rstd, ...own, ...(scale === undefined ? {} : { scale }), dx: dx! },
      label,
    }
  },
  probes: [],
}

/** Partial sums of each channel. Never differentiated: batch norm's gradient covers it. */
export const channelMomentsOp: Op<Record<string, never>> = {
  name: 'channel-moments',
  infer([x]) {
    const { R, C } = rowDims(x as Tensor)
    const partials = { shape: [chunksOf(R), C], element: 'f32' } as const
    return [partials, partials]
  },
  lower: ({ inputs: [x], outputs: [sums, squares], label }) => ({
    kernel: channelMoments,
    dims: { ...rowDims(x!), CHUNKS: sums!.shape[0]! },
    buffers: { x: x!, sums: sums!, squares: squares! },
    label,
  }),
  probes: [],
}

export const channelStatisticsOp: Op<{ readonly epsilon: number }> = {
  name: 'channel-statistics',
  infer([x]) {
    const each = { shape: x!.shape.slice(-1), element: 'f32' } as const
    return [each, each, each]
  },
  lower: ({ inputs: [x, sums, squares], outputs: [mean, variance, rstd], attrs, label }) => ({
    kernel: channelStatistics,
    dims: { ...rowDims(x!), CHUNKS: sums!.shape[0]!, EPSILON: floatBits(attrs.epsilon) },
    buffers: { x: x!, sums: sums!, squares: squares!, mean: mean!, variance: variance!, rstd: rstd! },
    label,
  }),
  probes: [],
}
