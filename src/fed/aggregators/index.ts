// Every way of combining the updates of a round. Tests iterate this list.
import { createRegistry } from '../../base/registry.ts'
import type { Aggregator } from './aggregator.ts'
import { weightedMean } from './weighted-mean.ts'

export const aggregators = createRegistry<Aggregator>('aggregator', [weightedMean as Aggregator])
