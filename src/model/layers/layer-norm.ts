// Layer norm over the last dimension: mean 0 and variance 1, then a scale and a bias of its own for each channel.
import * as v from 'valibot'
import { layerNorm as normalise } from '../../graph/ops/norm.ts'
import { affineParams, defineLayer, epsilon } from './layer.ts'

export const layerNorm = defineLayer({
  name: 'layer-norm',
  inputs: 1,
  schema: v.strictObject({
    epsilon: v.optional(epsilon, 1e-5),
    /** False: no scale and no bias. */
    affine: v.optional(v.boolean(), true),
  }),
  build: ([x], { epsilon, affine }, context) => normalise(x!, { ...(affine ? affineParams(x!.shape.at(-1)!, context) : {}), epsilon }),
})
