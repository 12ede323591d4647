// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101): Adam whose weight decay does not pass through the moments.
import * as v from 'valibot'
import { adam as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const adamw: Optimizer = {
  name: 'adamw',
  kernel,
  learningRate: 1e-3,
  schema: v.strictObject({ weightDecay: takes.weightDecay(0.01), beta1: takes.beta(0.9), beta2: takes.beta(0.999), epsilon: takes.epsilon(1e-8) }),
  slots: () => ['m', 'v'],
  flags: () => ({ DECOUPLED: 1 }),
}
