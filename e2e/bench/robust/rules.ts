// The aggregators under attack, each with what it must know: that 5 of 25 may attack, and how long honest updates are. Volunteers
// send learning rate times momentum, so radii are the learning rate times those of arXiv 2006.09365, where updates are momentum.
import { aggregators } from '../../../src/fed/aggregators/index.ts'

export const ATTACKERS = 5
export const RATE = 0.01
export const MOMENTUM = 0.9

/** Clipping radius of centered clipping there: 10 / (1 - momentum). */
const TAU = (RATE * 10) / (1 - MOMENTUM)

const OPTIONS: Readonly<Record<string, object>> = {
  'norm-bounded-mean': { norm: TAU },
  'trimmed-mean': { byzantine: ATTACKERS },
  'krum': { byzantine: ATTACKERS },
  'multi-krum': { byzantine: ATTACKERS },
  'centered-clipping': { tau: TAU, iterations: 3 },
}

export interface Rule {
  readonly key: string
  readonly aggregator: { readonly name: string; readonly [option: string]: unknown }
}

/** A radius below the distances of most honest updates from each other, which lie from 0.05 to 0.5: theirs are clipped as well. */
const TIGHT_TAU = TAU / 10

/** Every aggregator of the registry, and those that see each update with buckets of two as well. */
export const RULES: readonly Rule[] = [
  ...aggregators.entries().flatMap(([name, { streams }]) => {
    const aggregator = { name, ...OPTIONS[name] }
    return [{ key: name, aggregator }, ...(streams ? [] : [{ key: `${name}-buckets`, aggregator: { ...aggregator, bucketing: 2 } }])]
  }),
  { key: 'centered-clipping-tight', aggregator: { name: 'centered-clipping', tau: TIGHT_TAU, iterations: 3 } },
]
