// Plain stochastic gradient descent.
import * as v from 'valibot'
import { sgd as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const sgd: Optimizer = { name: 'sgd', kernel, learningRate: 1e-3, schema: v.strictObject({ weightDecay: takes.weightDecay() }), slots: () => [] }
