// Max pooling over NHWC images or sequences.
import { maxPool as pool } from '../../graph/ops/max-pool.ts'
import { poolSchema, poolWindows } from './geometry.ts'
import { defineLayer } from './layer.ts'

export const maxPool = defineLayer({
  name: 'max-pool',
  inputs: 1,
  schema: poolSchema,
  build: ([x], options, { path }) => poolWindows(x!, options, path, pool),
})
