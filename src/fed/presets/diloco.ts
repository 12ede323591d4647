// DiLoCo (Douillard et al. 2023, arXiv 2311.08105): hundreds of AdamW steps between rare rounds, Nesterov on the server.
import type { Preset } from './preset.ts'

export const diloco: Preset = {
  name: 'diloco',
  title: '500 steps of AdamW each, then one outer Nesterov step',
  strategy: {
    schedule: { type: 'cohort', quorum: 1, deadlineMs: 3_600_000 },
    local: { type: 'steps', steps: 500, optimizer: { name: 'adamw', learningRate: 4e-4, weightDecay: 0.1 }, keepOptimizerState: true },
    aggregator: 'weighted-mean',
    serverOptimizer: { name: 'nesterov', learningRate: 0.7, beta1: 0.9 },
    work: 'partition',
  },
}
