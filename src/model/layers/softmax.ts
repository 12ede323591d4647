// Softmax along the last dimension: probabilities. Not in front of a softmax cross-entropy, which reads logits.
import * as v from 'valibot'
import { softmax as normalise } from '../../graph/ops/softmax.ts'
import { defineLayer } from './layer.ts'

export const softmax = defineLayer({
  name: 'softmax',
  inputs: 1,
  schema: v.strictObject({}),
  build: ([x]) => normalise(x!),
})
