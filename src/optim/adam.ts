// Adam (Kingma and Ba 2015, arXiv 1412.6980).
import { adam as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const adam: Optimizer = { name: 'adam', kernel, schema: takes.adam, slots: ['m', 'v'], dims: (SIZE) => ({ SIZE }) }
