// Every preset. Tests iterate this list.
import { createRegistry } from '../../base/registry.ts'
import { asyncSgd } from './async-sgd.ts'
import { diloco } from './diloco.ts'
import { fedAdagrad } from './fed-adagrad.ts'
import { fedAdam } from './fed-adam.ts'
import { fedAvg } from './fed-avg.ts'
import { fedAvgM } from './fed-avgm.ts'
import { fedBuff } from './fed-buff.ts'
import { fedDynPreset } from './fed-dyn.ts'
import { fedNova } from './fed-nova.ts'
import { fedProxPreset } from './fed-prox.ts'
import { fedYogi } from './fed-yogi.ts'
import { incrementalSgd } from './incremental-sgd.ts'
import { modelAverage } from './model-average.ts'
import type { Preset } from './preset.ts'
import { scaffoldPreset } from './scaffold.ts'
import { syncSgd } from './sync-sgd.ts'

export const presets = createRegistry<Preset>('preset', [
  syncSgd, asyncSgd, incrementalSgd, modelAverage,
  fedAvg, fedProxPreset, scaffoldPreset, fedNova, fedAvgM, fedAdagrad, fedAdam, fedYogi, fedBuff, fedDynPreset, diloco,
])
