// The mean of each coordinate without its `byzantine` smallest and largest values (Yin et al. 2018, arXiv 1803.01498).
import { invariant } from '../../base/errors.ts'
import { byzantine } from './byzantine.ts'
import { collecting, ruleOptions } from './collecting.ts'
import { meanOfRanks } from './sorted-columns.ts'

export const trimmedMean = collecting(ruleOptions({ byzantine }), {
  name: 'trimmed-mean',
  minUpdates: (options) => 2 * options.byzantine + 1,
  survives: (options, updates) => (updates > 2 * options.byzantine ? options.byzantine : 0),
  combine(updates, options) {
    const last = updates.length - 1 - options.byzantine
    invariant(last >= options.byzantine, `trimmed-mean: must have more than ${2 * options.byzantine} updates, got ${updates.length}.`)
    return meanOfRanks(updates, options.byzantine, last)
  },
})
