// Multi-Krum (Blanchard et al. 2017, arXiv 1703.02757): the mean of the n - f updates with the best Krum scores.
import { byzantine } from './byzantine.ts'
import { collecting, ruleOptions } from './collecting.ts'
import { byKrumScore } from './krum-score.ts'
import { plainMean } from './vectors.ts'

export const multiKrum = collecting(ruleOptions({ byzantine }), {
  name: 'multi-krum',
  minUpdates: (options) => 2 * options.byzantine + 3,
  survives: (options, updates) => (updates >= 2 * options.byzantine + 3 ? options.byzantine : 0),
  combine(updates, options) {
    const kept = Math.max(1, updates.length - options.byzantine)
    const chosen = byKrumScore(updates, options.byzantine).slice(0, kept).sort((a, b) => a - b)
    return plainMean(chosen.map((i) => updates[i]!))
  },
})
