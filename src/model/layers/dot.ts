// Dot product of two tensors along their last dimension, of which 1 is left: how far a user's and an item's vectors agree.
import * as v from 'valibot'
import { mul } from '../../graph/ops/pointwise.ts'
import { sum } from '../../graph/ops/reduce.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { checkOneShape, defineLayer } from './layer.ts'

export const dot = defineLayer({
  name: 'dot',
  inputs: 2,
  schema: v.strictObject({}),
  build([a, b], _options, { path }) {
    checkOneShape([a!, b!], path)
    const { shape } = a!
    return reshape(sum(mul(a!, b!), shape.length - 1), [...shape.slice(0, -1), 1])
  },
})
