// How params begin: random with a spread that keeps signals of one size from layer to layer.
import type { Rng } from '../base/rng.ts'
import { createRegistry } from '../base/registry.ts'

export interface Initialiser {
  readonly name: string
  readonly sample: (rng: Rng, fanIn: number, fanOut: number) => number
}

const uniform = (rng: Rng, limit: number): number => (2 * rng.uniform() - 1) * limit

export const initialisers = createRegistry<Initialiser>('initialiser', [
  // Glorot and Bengio 2010.
  { name: 'glorot-uniform', sample: (rng, fanIn, fanOut) => uniform(rng, Math.sqrt(6 / (fanIn + fanOut))) },
  { name: 'glorot-normal', sample: (rng, fanIn, fanOut) => rng.normal() * Math.sqrt(2 / (fanIn + fanOut)) },
  // He et al. 2015, arXiv 1502.01852.
  { name: 'he-uniform', sample: (rng, fanIn) => uniform(rng, Math.sqrt(6 / fanIn)) },
  { name: 'he-normal', sample: (rng, fanIn) => rng.normal() * Math.sqrt(2 / fanIn) },
  // LeCun et al. 1998.
  { name: 'lecun-normal', sample: (rng, fanIn) => rng.normal() * Math.sqrt(1 / fanIn) },
  { name: 'zeros', sample: () => 0 },
  { name: 'ones', sample: () => 1 },
])

/** What suits weights in front of an activation. */
export const defaultInitialiser = (activation: string): string => (activation === 'relu' ? 'he-uniform' : 'glorot-uniform')
