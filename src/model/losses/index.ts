// Every loss that a head can name.
import { createRegistry } from '../../base/registry.ts'
import { binaryCrossEntropy } from './binary-cross-entropy.ts'
import { distillation } from './distillation.ts'
import { huber } from './huber.ts'
import { meanAbsoluteError } from './mean-absolute-error.ts'
import { meanSquaredError } from './mean-squared-error.ts'
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts'

export const losses = createRegistry('loss', [
  softmaxCrossEntropy, binaryCrossEntropy, meanSquaredError, meanAbsoluteError, huber, distillation,
])
