// Asynchronous SGD, older gradients counting less (Xie, Koyejo and Gupta 2019, arXiv 1903.03934).
import type { Preset } from './preset.ts'

export const asyncSgd: Preset = {
  name: 'async-sgd',
  title: 'Each gradient applied at once, old ones by less',
  strategy: {
    schedule: { type: 'asynchronous', examplesPerLease: 256, maxStaleness: 16, weighting: { name: 'polynomial', exponent: 0.5 } },
    local: { type: 'gradient' },
    serverOptimizer: { name: 'sgd', learningRate: 0.05 },
  },
}
