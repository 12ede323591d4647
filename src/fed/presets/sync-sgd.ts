// Large-batch SGD: every round the gradients of one model version are averaged and applied once.
import type { Preset } from './preset.ts'

export const syncSgd: Preset = {
  name: 'sync-sgd',
  title: 'Gradients averaged in rounds, one step each',
  strategy: {
    schedule: { type: 'synchronous', examplesPerRound: 256 },
    local: { type: 'gradient' },
    serverOptimizer: { name: 'sgd', learningRate: 0.1 },
  },
}
