// Product of tensors of one shape, elementwise: gates.
import * as v from 'valibot'
import { mul } from '../../graph/ops/pointwise.ts'
import { checkOneShape, defineLayer } from './layer.ts'

export const multiply = defineLayer({
  name: 'multiply',
  inputs: { atLeast: 2 },
  schema: v.strictObject({}),
  build(inputs, _options, { path }) {
    checkOneShape(inputs, path)
    return inputs.reduce((total, each) => mul(total, each))
  },
})
