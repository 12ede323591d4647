// RMSProp (Tieleman and Hinton 2012); `beta2` is PyTorch's alpha, `beta1` the momentum on top (none by default).
import * as v from 'valibot'
import { rmsprop as kernel } from '../kernels/optimizers.ts'
import { takes, type HyperParameters, type Optimizer } from './optimizer.ts'

const hasMomentum = ({ beta1 = 0 }: Partial<HyperParameters>): boolean => beta1 > 0

export const rmsprop: Optimizer = {
  name: 'rmsprop',
  kernel,
  learningRate: 1e-2,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta1: takes.beta(0), beta2: takes.beta(0.99), epsilon: takes.epsilon(1e-8) }),
  slots: (hyper) => (hasMomentum(hyper) ? ['v', 'm'] : ['v']),
  flags: (hyper) => ({ MOMENTUM: hasMomentum(hyper) ? 1 : 0 }),
}
