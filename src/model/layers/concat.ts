// Tensors one behind another along an axis, along which alone they may differ: features, or the ends of parallel branches.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { concat as join } from '../../graph/ops/concat.ts'
import { formatShape, sameShape } from '../../graph/tensor.ts'
import { axis, batchAxis, defineLayer } from './layer.ts'

export const concat = defineLayer({
  name: 'concat',
  inputs: { atLeast: 2 },
  schema: v.strictObject({
    /** Of an example; negative ones count from the end. */
    axis: v.optional(axis, -1),
  }),
  build(inputs, options, { path }) {
    const [first, ...others] = inputs
    const along = batchAxis(first!, options.axis, path)
    const other = others.find(({ shape }) => shape.length !== first!.shape.length || !sameShape(shape.toSpliced(along, 1), first!.shape.toSpliced(along, 1)))
    if (other !== undefined) {
      throw new ConfigError(`${path}: must read tensors that differ along axis ${along - 1} alone, got ${formatShape(first!.shape.slice(1))} and ${formatShape(other.shape.slice(1))}. Flatten or reshape them, or choose another axis.`)
    }
    return join(inputs, along)
  },
})
