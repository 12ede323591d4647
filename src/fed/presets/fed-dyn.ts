// FedDyn (Acar et al. 2021, arXiv 2111.04263): federated averaging with a dynamic regulariser.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedDynPreset: Preset = {
  name: 'fed-dyn',
  title: 'Federated averaging with dynamic regularisation',
  strategy: {
    ...fedAvg.strategy,
    corrections: [{ name: 'fed-dyn', alpha: 0.01 }],
  },
}
