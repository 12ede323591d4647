// SGD with Nesterov's momentum `beta1` (Sutskever et al. 2013, in PyTorch's form).
import { momentum as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const nesterov: Optimizer = { name: 'nesterov', kernel, schema: takes.decayAndMomentum, slots: ['v'], dims: (SIZE) => ({ SIZE, NESTEROV: 1 }) }
