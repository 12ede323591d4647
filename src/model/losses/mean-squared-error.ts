// Mean squared error of outputs [B, ...] against numbers of the same shape.
import * as v from 'valibot'
import { elementwiseLoss } from '../../graph/ops/elementwise-loss.ts'
import { defineLoss } from './loss.ts'

export const meanSquaredError = defineLoss({
  name: 'mean-squared-error',
  schema: v.strictObject({}),
  target: (shape) => ({ shape, element: 'f32' }),
  build: (parts) => elementwiseLoss({ kind: 'squared-error', ...parts }),
})
