// SGD with momentum `beta1` (Sutskever et al. 2013, in PyTorch's form).
import * as v from 'valibot'
import { momentum as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const momentum: Optimizer = {
  name: 'momentum',
  kernel,
  learningRate: 1e-3,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta1: takes.beta(0.9) }),
  slots: () => ['v'],
  flags: () => ({ NESTEROV: 0 }),
}
