// The mean of updates weighted by their examples, summed exactly. With gradients as updates this is large-batch SGD;
// with local training it is FedAvg (McMahan et al. 2017, arXiv 1602.05629).
import { addUpdate } from '../exact-sum.ts'
import { noOptions, register, streaming } from './streaming.ts'

export const weightedMean = register(noOptions, () =>
  streaming({ name: 'weighted-mean', sees: 'sum', add: (state, update) => addUpdate(state, update, { weight: update.weight, factor: 1 }) }))
