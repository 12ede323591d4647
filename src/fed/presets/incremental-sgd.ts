// Each volunteer goes through its own slice of the data once; a slice that fails is done again by somebody else; at the
// end of the pass all results are combined (parallel SGD: Zinkevich et al. 2010).
import type { Preset } from './preset.ts'

export const incrementalSgd: Preset = {
  name: 'incremental-sgd',
  title: 'A slice of the data each, combined after every pass',
  strategy: {
    schedule: { type: 'cohort', quorum: 1 },
    local: { type: 'epochs', epochs: 1, batchSize: 32, optimizer: { name: 'sgd', learningRate: 0.05 } },
    serverOptimizer: { name: 'sgd', learningRate: 1 },
    work: 'partition',
  },
}
