// Binary cross-entropy of logits [B, ...] against probabilities (0 or 1, mostly) of the same shape: labels that exclude each other not.
import * as v from 'valibot'
import { elementwiseLoss } from '../../graph/ops/elementwise-loss.ts'
import { defineLoss } from './loss.ts'

export const binaryCrossEntropy = defineLoss({
  name: 'binary-cross-entropy',
  schema: v.strictObject({}),
  target: (shape) => ({ shape, element: 'f32' }),
  build: (parts) => elementwiseLoss({ kind: 'binary-cross-entropy', ...parts }),
})
