// SCAFFOLD (Karimireddy et al. 2020, arXiv 1910.06378): federated averaging with control variates.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const scaffoldPreset: Preset = {
  name: 'scaffold',
  title: 'Federated averaging with control variates',
  strategy: {
    ...fedAvg.strategy,
    corrections: [{ name: 'scaffold' }],
  },
}
