// FedBuff (Nguyen et al. 2022, arXiv 2106.06639): local training that is asynchronous, combined whenever ten updates are there.
import { fedAvg } from './fed-avg.ts'
import type { Preset } from './preset.ts'

export const fedBuff: Preset = {
  name: 'fed-buff',
  title: 'Asynchronous local training, combined ten at a time',
  strategy: {
    ...fedAvg.strategy,
    schedule: { type: 'buffered', bufferSize: 10, maxStaleness: 16 },
  },
}
