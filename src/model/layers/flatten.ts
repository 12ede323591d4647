// All dimensions of an example in one: [B,H,W,C] -> [B,H*W*C]. Free.
import * as v from 'valibot'
import { product } from '../../base/math.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { defineLayer } from './layer.ts'

export const flatten = defineLayer({
  name: 'flatten',
  inputs: 1,
  integers: true,
  schema: v.strictObject({}),
  build: ([x]) => reshape(x!, [x!.shape[0]!, product(x!.shape.slice(1))]),
})
