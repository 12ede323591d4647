// Softmax cross-entropy of logits [B, CLASSES] against class numbers [B], or of a sequence [B, T, CLASSES] against [B, T].
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { constant } from '../../graph/ops/constant.ts'
import { softmaxCrossEntropy as crossEntropy } from '../../graph/ops/softmax-cross-entropy.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defineLoss } from './loss.ts'

export const softmaxCrossEntropy = defineLoss({
  name: 'softmax-cross-entropy',
  schema: v.strictObject({
    /** Share of the probability that is wanted spread over all classes. */
    labelSmoothing: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
    /** Times the loss of each position whose label is that class; for classes that are rare. */
    classWeights: v.optional(v.pipe(v.array(v.pipe(v.number(), v.finite(), v.minValue(0))), v.minLength(1), v.maxLength(256))),
  }),
  target(output, { classWeights }, path) {
    if (output.length !== 2 && output.length !== 3) throw new ConfigError(`${path}: must end in one dimension of classes, or a sequence of them, got ${formatShape(output.slice(1))} for labels []. Add flatten and dense nodes.`)
    if (classWeights !== undefined && classWeights.length !== output.at(-1)) throw new ConfigError(`${path}.classWeights: must be as many as there are classes, got ${classWeights.length} for ${formatShape(output.slice(1))}. Give ${output.at(-1)}.`)
    return { shape: output.slice(0, -1), element: 'u32', below: output.at(-1)! }
  },
  build: ({ output, target, weights }, { labelSmoothing, classWeights }) =>
    crossEntropy(output, target, weights, { smoothing: labelSmoothing, ...(classWeights === undefined ? {} : { classWeights: constant(classWeights) }) }),
})
