// The median of each coordinate (Yin et al. 2018, arXiv 1803.01498); of an even number the mean of the two in the middle.
import { collecting, ruleOptions } from './collecting.ts'
import { meanOfRanks } from './sorted-columns.ts'

export const median = collecting(ruleOptions({}), {
  name: 'median',
  minUpdates: () => 1,
  survives: (_, updates) => Math.ceil(updates / 2) - 1,
  combine: (updates) => meanOfRanks(updates, (updates.length - 1) >> 1, updates.length >> 1),
})
