// Average pooling over NHWC images or sequences: the mean of what of each window lies inside.
import { averagePool as pool } from '../../graph/ops/average-pool.ts'
import { poolSchema, poolWindows } from './geometry.ts'
import { defineLayer } from './layer.ts'

export const averagePool = defineLayer({
  name: 'average-pool',
  inputs: 1,
  schema: poolSchema,
  build: ([x], options, { path }) => poolWindows(x!, options, path, pool),
})
