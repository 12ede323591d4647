// FedNova (Wang et al. 2020, arXiv 2007.07481): federated averaging of updates that are normalised by their local steps.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedNova: Preset = {
  name: 'fed-nova',
  title: 'Federated averaging of normalised updates',
  strategy: {
    ...fedAvg.strategy,
    aggregator: 'nova-mean',
  },
}
