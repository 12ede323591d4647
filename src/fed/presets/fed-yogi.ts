// FedYogi (Reddi et al. 2021, arXiv 2003.00295): federated averaging with Yogi on the server.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedYogi: Preset = {
  name: 'fed-yogi',
  title: 'Federated averaging with Yogi on the server',
  strategy: {
    ...fedAvg.strategy,
    serverOptimizer: { name: 'yogi', learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-3 },
  },
}
