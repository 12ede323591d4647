// FedAvg (McMahan et al. 2017, arXiv 1602.05629) with the setting of its MNIST tables: 10 of 100 clients, E = 1, B = 10.
import type { Preset } from './preset.ts'

export const fedAvg: Preset = {
  name: 'fed-avg',
  title: 'Federated averaging',
  strategy: {
    schedule: { type: 'cohort', participants: 10 },
    local: { type: 'epochs', epochs: 1, batchSize: 10, optimizer: { name: 'sgd', learningRate: 0.1 } },
    aggregator: 'weighted-mean',
    serverOptimizer: { name: 'sgd', learningRate: 1 },
    work: 'partition',
  },
}
