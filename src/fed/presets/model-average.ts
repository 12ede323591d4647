// Everybody trains for long and models are averaged now and then (local SGD: Stich 2019, arXiv 1805.09767).
import type { Preset } from './preset.ts'

export const modelAverage: Preset = {
  name: 'model-average',
  title: 'Models averaged after 100 steps of everybody',
  strategy: {
    schedule: { type: 'cohort', quorum: 0.8 },
    local: { type: 'steps', steps: 100, optimizer: { name: 'sgd', learningRate: 0.05 } },
    serverOptimizer: { name: 'sgd', learningRate: 1 },
    work: 'partition',
  },
}
