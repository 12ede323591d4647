// Huber's loss (1964) of outputs [B, ...] against numbers of the same shape: squares near the target, lines beyond delta.
import * as v from 'valibot'
import { elementwiseLoss } from '../../graph/ops/elementwise-loss.ts'
import { defineLoss } from './loss.ts'

export const huber = defineLoss({
  name: 'huber',
  schema: v.strictObject({
    delta: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 1),
  }),
  target: (shape) => ({ shape, element: 'f32' }),
  build: (parts, { delta }) => elementwiseLoss({ kind: 'huber', ...parts, delta }),
})
