// RMS norm over the last dimension: divided by the root of the mean square, then a scale for each channel.
import * as v from 'valibot'
import { rmsNorm as normalise } from '../../graph/ops/norm.ts'
import { affineParams, defineLayer, epsilon } from './layer.ts'

export const rmsNorm = defineLayer({
  name: 'rms-norm',
  inputs: 1,
  schema: v.strictObject({
    epsilon: v.optional(epsilon, 1e-6),
    /** False: no scale. */
    affine: v.optional(v.boolean(), true),
  }),
  build: ([x], { epsilon, affine }, context) => normalise(x!, { ...(affine ? affineParams(x!.shape.at(-1)!, context, false) : {}), epsilon }),
})
