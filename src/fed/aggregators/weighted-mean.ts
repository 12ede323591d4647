// The mean of updates weighted by their examples, summed exactly. With gradients as updates this is large-batch SGD;
// with local training it is FedAvg (McMahan et al. 2017, arXiv 1602.05629).
import { addExact, checkCapacity, clearExact, createExactSum, exactMean, mergeExact, type ExactSum } from '../exact-sum.ts'
import type { Aggregator } from './aggregator.ts'

export const weightedMean: Aggregator<ExactSum> = {
  name: 'weighted-mean',
  sees: 'sum',
  orderFree: true,
  check: ({ exactSum }, totalWeight) => checkCapacity(exactSum, totalWeight),
  init: ({ size, exactSum }) => createExactSum(size, exactSum),
  add: (state, { values, weight }) => addExact(state, values, weight),
  merge: mergeExact,
  finish: exactMean,
  clear: clearExact,
}
