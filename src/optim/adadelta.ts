// Adadelta (Zeiler 2012, arXiv 1212.5701); `beta2` is the paper's rho.
import * as v from 'valibot'
import { adadelta as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const adadelta: Optimizer = {
  name: 'adadelta',
  kernel,
  learningRate: 1,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta2: takes.beta(0.9), epsilon: takes.epsilon(1e-6) }),
  slots: () => ['v', 's'],
}
