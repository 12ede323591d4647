// Stochastic gradient descent.
import { sgd as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const sgd: Optimizer = { name: 'sgd', kernel, schema: takes.decay, slots: [], dims: (SIZE) => ({ SIZE }) }
