// Group norm: the channels of each example in groups, each of mean 0 and variance 1, then a scale and a bias for each channel.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { groupNorm as normalise } from '../../graph/ops/norm.ts'
import { formatShape } from '../../graph/tensor.ts'
import { affineParams, count, defineLayer, epsilon } from './layer.ts'

export const groupNorm = defineLayer({
  name: 'group-norm',
  inputs: 1,
  schema: v.strictObject({
    groups: count,
    epsilon: v.optional(epsilon, 1e-5),
    /** False: no scale and no bias. */
    affine: v.optional(v.boolean(), true),
  }),
  build([x], { groups, epsilon, affine }, context) {
    const channels = x!.shape.at(-1)!
    if (channels % groups !== 0) {
      throw new ConfigError(`${context.path}: must have channels that divide into its groups, got ${channels} channels of ${formatShape(x!.shape.slice(1))} and ${groups} groups. Use a number of groups that divides ${channels}.`)
    }
    return normalise(x!, groups, { ...(affine ? affineParams(channels, context) : {}), epsilon })
  },
})
