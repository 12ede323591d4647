// AdaGrad (Duchi, Hazan and Singer 2011): each parameter's rate falls with the sum of its squared gradients.
import * as v from 'valibot'
import { adagrad as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const adagrad: Optimizer = {
  name: 'adagrad',
  kernel,
  learningRate: 1e-2,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), epsilon: takes.epsilon(1e-10), initialAccumulator: takes.initialAccumulator(0) }),
  slots: () => ['v'],
}
