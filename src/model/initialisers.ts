// How params begin: random with a spread that keeps signals of one size from layer to layer.
import type { Rng } from '../base/rng.ts'
import { createRegistry } from '../base/registry.ts'
import { product } from '../base/math.ts'

export interface Initialiser {
  readonly name: string
  /** Multiplies the values where a declaration says nothing else: the standard deviation of `normal`, the value of `constant`. */
  readonly gain: number
  /** Writes every element, before `gain`. */
  readonly fill: (values: Float32Array, request: InitialiserRequest) => void
}

export interface InitialiserRequest {
  readonly rng: Rng
  /** Of the tensor; a matrix to initialisers that see one: [all dimensions but the last, last]. */
  readonly shape: readonly number[]
  readonly fanIn: number
  readonly fanOut: number
}

/** A registry name, alone or with a gain of its own. */
export type InitialiserChoice = string | { readonly name: string; readonly gain?: number | undefined }

const each = (sample: (request: InitialiserRequest) => number): Initialiser['fill'] => (values, request) => {
  for (let i = 0; i < values.length; i++) values[i] = sample(request)
}
const uniform = (limit: (fanIn: number, fanOut: number) => number): Initialiser['fill'] => each(({ rng, fanIn, fanOut }) => (2 * rng.uniform() - 1) * limit(fanIn, fanOut))
const normal = (spread: (fanIn: number, fanOut: number) => number): Initialiser['fill'] => each(({ rng, fanIn, fanOut }) => rng.normal() * spread(fanIn, fanOut))

export const initialisers = createRegistry<Initialiser>('initialiser', [
  // Glorot and Bengio 2010.
  { name: 'glorot-uniform', gain: 1, fill: uniform((fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut))) },
  { name: 'glorot-normal', gain: 1, fill: normal((fanIn, fanOut) => Math.sqrt(2 / (fanIn + fanOut))) },
  // He et al. 2015, arXiv 1502.01852.
  { name: 'he-uniform', gain: 1, fill: uniform((fanIn) => Math.sqrt(6 / fanIn)) },
  { name: 'he-normal', gain: 1, fill: normal((fanIn) => Math.sqrt(2 / fanIn)) },
  // LeCun et al. 1998.
  { name: 'lecun-uniform', gain: 1, fill: uniform((fanIn) => Math.sqrt(3 / fanIn)) },
  { name: 'lecun-normal', gain: 1, fill: normal((fanIn) => Math.sqrt(1 / fanIn)) },
  // Saxe et al. 2014, arXiv 1312.6120.
  { name: 'orthogonal', gain: 1, fill: orthogonal },
  { name: 'normal', gain: 0.02, fill: normal(() => 1) },
  { name: 'truncated-normal', gain: 0.02, fill: each(truncatedNormal) },
  { name: 'constant', gain: 1, fill: (values) => { values.fill(1) } },
  { name: 'zeros', gain: 1, fill: (values) => { values.fill(0) } },
  { name: 'ones', gain: 1, fill: (values) => { values.fill(1) } },
])

export function initialise(values: Float32Array, choice: InitialiserChoice, request: InitialiserRequest): void {
  const { name, gain: wanted } = typeof choice === 'string' ? { name: choice, gain: undefined } : choice
  const { fill, gain } = initialisers.get(name)
  fill(values, request)
  const factor = wanted ?? gain
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i]! *= factor
}

/** Drawn again beyond two standard deviations; the spread of what is left is 0.88 of the normal's. */
function truncatedNormal({ rng }: InitialiserRequest): number {
  for (;;) {
    const value = rng.normal()
    if (Math.abs(value) <= 2) return value
  }
}

/** Orthonormal rows or columns, whichever are fewer: random directions, each freed of those before it (Gram-Schmidt). */
function orthogonal(values: Float32Array, { rng, shape }: InitialiserRequest): void {
  const columns = shape.at(-1) ?? 1, rows = product(shape.slice(0, -1))
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)]
  const vectors: Float64Array[] = []
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => rng.normal())
    // Twice is enough against rounding (Kahan and Parlett); what is left of a random direction is never nearly nothing.
    for (const other of [...vectors, ...vectors]) {
      let overlap = 0
      for (let i = 0; i < length; i++) overlap += vector[i]! * other[i]!
      for (let i = 0; i < length; i++) vector[i]! -= overlap * other[i]!
    }
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))
    vectors.push(vector.map((x) => x / norm))
  }
  vectors.forEach((vector, k) => vector.forEach((x, i) => { values[rows >= columns ? i * columns + k : k * columns + i] = x }))
}

/** Those that cut off about half of the signal, as relu does, want twice the variance. */
const BY_ACTIVATION: Readonly<Record<string, string>> = {
  relu: 'he-uniform', 'leaky-relu': 'he-uniform', elu: 'he-uniform', softplus: 'he-uniform',
  gelu: 'he-uniform', 'gelu-erf': 'he-uniform', silu: 'he-uniform',
}

/** What suits weights in front of an activation. */
export const defaultInitialiser = (activation: string): string => BY_ACTIVATION[activation] ?? 'glorot-uniform'
