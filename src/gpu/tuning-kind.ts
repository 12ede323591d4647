// What the tuner knows of calls of one kernel with the same dims.
import { WrongResultsError } from '../graph/plan.ts'
import type { Dims, Kernel } from '../kernels/kernel.ts'
import type { MeasuredRow } from './row-costs.ts'
import type { Variant } from './wgsl.ts'

export interface Choice {
  readonly variant: Variant
  /** Measured time of one call, where it was measured. */
  readonly ms?: number
}

export interface Kind {
  readonly key: string
  readonly kernel: Kernel
  readonly dims: Dims
  /** The likeliest first. */
  readonly variants: readonly Variant[]
  /** Guessed work of all its calls together: how much a better row can win. */
  weight: number
  /** How many calls of it the Plans make that were loaded together. */
  calls: number
  choice: Choice
  /** Better than the choice, but slower to compile than a first step can wait for. */
  later: Choice | undefined
  readonly timed: MeasuredRow[]
  /** The best of those that were timed and are right; undefined before. */
  best: MeasuredRow | undefined
  /** What is remembered to begin with. */
  starter: MeasuredRow | undefined
  /** The shaders of its rows, once they were asked for. */
  readonly codes: Map<Variant, readonly string[]>
  /** How many of the variants were timed or passed over. */
  next: number
  /** Why no row of it can be used. */
  failure: WrongResultsError | undefined
  /** Nothing more to find out. */
  done: boolean
  /** An earlier visit chose; whatever it left out can wait for `improve`. */
  seen: boolean
}

export const isUntimed = ({ timed }: Kind, variant: Variant): boolean => timed.every((row) => row.variant !== variant)

export const wrongResults = ({ kernel, dims, variants }: Kind): WrongResultsError =>
  new WrongResultsError(`${kernel.name}: must be computed rightly on this adapter, got wrong results from all ${variants.length} rows for ${JSON.stringify(dims)}. Compute with WebAssembly instead, or update the graphics driver.`)

export const keyOf = (kernel: Kernel, dims: Dims): string => `${kernel.name} ${JSON.stringify(dims)}`

export const byWeight = (a: Kind, b: Kind): number => b.weight - a.weight
