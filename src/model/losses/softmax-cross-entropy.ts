// Softmax cross-entropy of logits [B, CLASSES] against class numbers [B].
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { softmaxCrossEntropy as crossEntropy } from '../../graph/ops/softmax-cross-entropy.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defineLoss } from './loss.ts'

export const softmaxCrossEntropy = defineLoss({
  name: 'softmax-cross-entropy',
  schema: v.strictObject({}),
  target(output, _options, path) {
    if (output.length !== 2) throw new ConfigError(`${path}: must end in one dimension of classes, got ${formatShape(output.slice(1))} for labels []. Add flatten and dense nodes.`)
    return { shape: [output[0]!], element: 'u32' }
  },
  build: ({ output, target, weights }) => crossEntropy(output, target, weights),
})
