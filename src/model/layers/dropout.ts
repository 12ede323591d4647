// Dropout: in training, each element is zero with a probability of `rate`, and the others are larger by 1 / (1 - rate); else nothing happens.
import * as v from 'valibot'
import { dropout as drop } from '../../graph/ops/dropout.ts'
import { defineLayer } from './layer.ts'

export const dropout = defineLayer({
  name: 'dropout',
  inputs: 1,
  schema: v.strictObject({
    rate: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0.5),
  }),
  build: ([x], { rate }, { training, random }) => (training && rate > 0 ? drop(x!, rate, random()) : x!),
})
