// Every loss that a head can name.
import { createRegistry } from '../../base/registry.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

export const losses = createRegistry('loss', [softmaxCrossEntropy])
