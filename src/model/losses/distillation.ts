// Distillation: logits [B, CLASSES], or of a sequence [B, T, CLASSES], against a teacher's of the same shape. To learn from labels
// too, give the model a second head on the same node.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { distillation as distill } from '../../graph/ops/distillation.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defineLoss } from './loss.ts'

export const distillation = defineLoss({
  name: 'distillation',
  schema: v.strictObject({
    /** Above 1, it shows what the teacher thinks of the wrong classes. */
    temperature: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 2),
  }),
  target(shape, _options, path) {
    if (shape.length < 2) throw new ConfigError(`${path}: must end in one dimension of classes, got ${formatShape(shape.slice(1))} for a teacher's logits. Add a dense node.`)
    return { shape, element: 'f32' }
  },
  build: ({ output, target, weights }, { temperature }) => distill({ logits: output, teacher: target, weights, temperature }),
})
