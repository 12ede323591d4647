// Sum of tensors of one shape, elementwise: the end of a residual branch.
import * as v from 'valibot'
import { activation } from '../../graph/ops/activation.ts'
import { add as sum } from '../../graph/ops/pointwise.ts'
import { activationName, checkOneShape, defineLayer } from './layer.ts'

export const add = defineLayer({
  name: 'add',
  inputs: { atLeast: 2 },
  schema: v.strictObject({ activation: v.optional(activationName, 'linear') }),
  build(inputs, options, { path }) {
    checkOneShape(inputs, path)
    return activation(inputs.reduce((total, each) => sum(total, each)), options.activation)
  },
})
