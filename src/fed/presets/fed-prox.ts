// FedProx (Li et al. 2020, arXiv 1812.06127): federated averaging with a proximal term.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedProxPreset: Preset = {
  name: 'fed-prox',
  title: 'Federated averaging, nobody straying far',
  strategy: {
    ...fedAvg.strategy,
    corrections: [{ name: 'fed-prox', mu: 0.01 }],
  },
}
