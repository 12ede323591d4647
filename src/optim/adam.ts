// Adam (Kingma and Ba 2015, arXiv 1412.6980).
import * as v from 'valibot'
import { adam as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const adam: Optimizer = {
  name: 'adam',
  kernel,
  learningRate: 1e-3,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta1: takes.beta(0.9), beta2: takes.beta(0.999), epsilon: takes.epsilon(1e-8) }),
  slots: () => ['m', 'v'],
  flags: () => ({ DECOUPLED: 0 }),
}
