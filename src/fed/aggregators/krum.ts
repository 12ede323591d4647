// Krum (Blanchard et al. 2017, arXiv 1703.02757): the one update whose n - f - 2 nearest neighbours are nearest, where f
// of n may be arbitrary. Of equals the earliest lease.
import { byzantine } from './byzantine.ts'
import { collecting, ruleOptions } from './collecting.ts'
import { byKrumScore } from './krum-score.ts'

export const krum = collecting(ruleOptions({ byzantine }), {
  name: 'krum',
  minUpdates: (options) => 2 * options.byzantine + 3,
  survives: (options, updates) => (updates >= 2 * options.byzantine + 3 ? options.byzantine : 0),
  combine: (updates, options) => updates[byKrumScore(updates, options.byzantine)[0]!]!.slice(),
})
