// FedAvgM (Hsu, Qi and Brown 2019, arXiv 1909.06335): federated averaging with momentum on the server.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedAvgM: Preset = {
  name: 'fed-avgm',
  title: 'Federated averaging with server momentum',
  strategy: {
    ...fedAvg.strategy,
    serverOptimizer: { name: 'momentum', learningRate: 1, beta1: 0.9 },
  },
}
