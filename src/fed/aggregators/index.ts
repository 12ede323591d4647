// Every way of combining the updates of a round. Tests iterate this list.
import { parseOptions } from '../../base/parse-options.ts'
import { createRegistry } from '../../base/registry.ts'
import type { Aggregator, AggregatorChoice, RegisteredAggregator } from './aggregator.ts'
import { centeredClipping } from './centered-clipping.ts'
import { geometricMedian } from './geometric-median.ts'
import { krum } from './krum.ts'
import { median } from './median.ts'
import { multiKrum } from './multi-krum.ts'
import { normBoundedMean } from './norm-bounded-mean.ts'
import { novaMean } from './nova-mean.ts'
import { trimmedMean } from './trimmed-mean.ts'
import { weightedMean } from './weighted-mean.ts'

export const aggregators = createRegistry<RegisteredAggregator>('aggregator', [
  weightedMean, novaMean, normBoundedMean,
  median, trimmedMean, krum, multiKrum, geometricMedian, centeredClipping,
])

/** The aggregator that a run file names, with its options. Throws ConfigError for a name or an option there is not. */
export function resolveAggregator(choice: AggregatorChoice): Aggregator {
  const { name, ...options } = typeof choice === 'string' ? { name: choice } : choice
  const entry = aggregators.get(name)
  return entry.configure(parseOptions(entry.schema, options, `aggregator ${name}`))
}
