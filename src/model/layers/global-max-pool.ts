// The largest value of each channel over all positions: [B,H,W,C] or [B,T,C] -> [B,C].
import * as v from 'valibot'
import { globalMaxPool as pool } from '../../graph/ops/global-pool.ts'
import { checkPositions } from './geometry.ts'
import { defineLayer } from './layer.ts'

export const globalMaxPool = defineLayer({
  name: 'global-max-pool',
  inputs: 1,
  schema: v.strictObject({}),
  build([x], _options, { path }) {
    checkPositions(x!, path)
    return pool(x!)
  },
})
