// FedAdagrad (Reddi et al. 2021, arXiv 2003.00295): federated averaging with AdaGrad on the server.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedAdagrad: Preset = {
  name: 'fed-adagrad',
  title: 'Federated averaging with AdaGrad on the server',
  strategy: {
    ...fedAvg.strategy,
    serverOptimizer: { name: 'adagrad', learningRate: 0.1, epsilon: 1e-3 },
  },
}
