// FedAdam (Reddi et al. 2021, arXiv 2003.00295): federated averaging with Adam on the server; ours corrects the bias of its moments.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedAdam: Preset = {
  name: 'fed-adam',
  title: 'Federated averaging with Adam on the server',
  strategy: {
    ...fedAvg.strategy,
    serverOptimizer: { name: 'adam', learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-3 },
  },
}
