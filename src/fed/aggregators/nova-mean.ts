// FedNova's normalised mean (Wang et al. 2020, arXiv 2007.07481): whoever took more local steps does not pull the model
// towards their own optimum. Updates are divided by their local norm, averaged, and multiplied by the mean local norm.
import { invariant } from '../../base/errors.ts'
import { addUpdate, exactMean, mergeExact, WEIGHT_UNIT, weightUnits, type ExactSum } from '../exact-sum.ts'
import type { Aggregator } from './aggregator.ts'
import { noOptions, register, streaming } from './streaming.ts'

interface NovaSum {
  readonly sum: ExactSum
  /** Sum of weight times local norm, in units of 2^-10: an integer, so that no order can change it. */
  normUnits: number
}

const mean = streaming({ name: 'nova-mean', sees: 'sum', add: () => 0 })

const novaMeanRule: Aggregator<NovaSum> = {
  ...mean,
  init: (setup) => ({ sum: mean.init(setup), normUnits: 0 }),
  add(state, update) {
    const { weight, localNorm = 1 } = update
    invariant(localNorm >= 1, `local norm: must be at least 1, got ${localNorm}.`)
    const units = weightUnits(localNorm)
    state.normUnits += weight * units
    invariant(Number.isSafeInteger(state.normUnits), `local norms: must sum to less than 2^53 units, got ${state.normUnits}.`)
    return addUpdate(state.sum, update, { weight, factor: 1 / (units * WEIGHT_UNIT) })
  },
  merge(into, other) {
    mergeExact(into.sum, other.sum)
    into.normUnits += other.normUnits
  },
  finish({ sum, normUnits }) {
    const result = exactMean(sum)
    const meanNorm = (normUnits * WEIGHT_UNIT) / sum.totalWeight
    for (let i = 0; i < result.length; i++) result[i]! *= meanNorm
    return result
  },
  clear(state) {
    mean.clear(state.sum)
    state.normUnits = 0
  },
  memory: () => ({}),
  restore: () => {},
}

export const novaMean = register(noOptions, () => novaMeanRule)
