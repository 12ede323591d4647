// The mean of each channel over all positions: [B,H,W,C] or [B,T,C] -> [B,C].
import * as v from 'valibot'
import { globalAveragePool as pool } from '../../graph/ops/global-pool.ts'
import { checkPositions } from './geometry.ts'
import { defineLayer } from './layer.ts'

export const globalAveragePool = defineLayer({
  name: 'global-average-pool',
  inputs: 1,
  schema: v.strictObject({}),
  build([x], _options, { path }) {
    checkPositions(x!, path)
    return pool(x!)
  },
})
