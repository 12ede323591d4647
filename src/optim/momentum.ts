// SGD with momentum `beta1` (Sutskever et al. 2013, in PyTorch's form).
import { momentum as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const momentum: Optimizer = { name: 'momentum', kernel, schema: takes.decayAndMomentum, slots: ['v'], dims: (SIZE) => ({ SIZE, NESTEROV: 0 }) }
