// Lion (Chen et al. 2023, arXiv 2302.06675): the sign of a mean of gradients, with decoupled weight decay.
import * as v from 'valibot'
import { lion as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const lion: Optimizer = {
  name: 'lion',
  kernel,
  learningRate: 1e-4,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta1: takes.beta(0.9), beta2: takes.beta(0.99) }),
  slots: () => ['m'],
}
