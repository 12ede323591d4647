// Yogi (Zaheer et al. 2018, Adaptive Methods for Nonconvex Optimization), with the paper's epsilon and accumulator.
import * as v from 'valibot'
import { yogi as kernel } from '../kernels/optimizers.ts'
import { takes, type Optimizer } from './optimizer.ts'

export const yogi: Optimizer = {
  name: 'yogi',
  kernel,
  learningRate: 1e-2,
  schema: v.strictObject({ weightDecay: takes.weightDecay(), beta1: takes.beta(0.9), beta2: takes.beta(0.999), epsilon: takes.epsilon(1e-3), initialAccumulator: takes.initialAccumulator(1e-6) }),
  slots: () => ['m', 'v'],
}
