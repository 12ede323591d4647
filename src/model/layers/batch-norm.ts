// Batch norm over the last dimension. In training it takes the batch's statistics, which also move the running ones
// (the buffers `mean` and `variance`); elsewhere, and where its node is frozen, it takes the running ones.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import { batchNorm as normalise, batchStatistics, fixedNorm } from '../../graph/ops/batch-norm.ts'
import { formatShape, type Tensor } from '../../graph/tensor.ts'
import { movingAverage } from '../../kernels/batch-norm.ts'
import { affineParams, defineLayer, epsilon, type LayerContext } from './layer.ts'

export const batchNorm = defineLayer({
  name: 'batch-norm',
  inputs: 1,
  schema: v.strictObject({
    epsilon: v.optional(epsilon, 1e-5),
    /** Share of a running statistic that a batch leaves as it is. */
    momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.9),
    /** False: no scale and no bias. */
    affine: v.optional(v.boolean(), true),
  }),
  build([x], { epsilon, momentum, affine }, context) {
    const channels = x!.shape.at(-1)!, rows = product(x!.shape) / channels
    const params = affine ? affineParams(channels, context) : undefined
    const running = { shape: [channels], fanIn: channels, fanOut: channels }
    const mean = context.buffer({ ...running, name: 'mean', initialiser: 'zeros' })
    const variance = context.buffer({ ...running, name: 'variance', initialiser: 'ones' })
    if (!context.training) return fixedNorm(x!, { mean, variance, epsilon }, params)
    if (rows < 2) throw new ConfigError(`${context.path}: must have several values of each channel to take their variance, got ${formatShape(x!.shape)}. Use a larger batch, or group-norm.`)
    const statistics = batchStatistics(x!, epsilon)
    move(context, mean, { towards: statistics.mean, keep: momentum, take: 1 - momentum })
    // The running variance is that of the population, which a sample's underestimates.
    move(context, variance, { towards: statistics.variance, keep: momentum, take: (1 - momentum) * rows / (rows - 1) })
    return normalise(x!, statistics, params)
  },
})

function move({ path, update }: LayerContext, running: Tensor, { towards, keep, take }: { towards: Tensor; keep: number; take: number }): void {
  update({
    kernel: movingAverage,
    dims: { SIZE: running.shape[0]!, KEEP: floatBits(keep), TAKE: floatBits(take) },
    buffers: { x: towards, y: running },
    label: `${path}/running`,
  })
}
