// Adamax: Adam in the infinity norm (Kingma and Ba 2015, arXiv 1412.6980, section 7).
import * as v from 'valibot'
import { adamax as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const adamax: Optimizer = {
  name: 'adamax',
  kernel,
  learningRate: 2e-3,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta1: takes.beta(0.9), beta2: takes.beta(0.999), epsilon: takes.epsilon(1e-8) }),
  slots: () => ['m', 'v'],
}
