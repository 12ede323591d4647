// Fusion: fewer calls, and fewer passes over memory. Bias and activation become part of the product before them
// (epilogue.ts), then chains of pointwise calls become one call each (chains.ts).
import type { Call } from './call.ts'
import { fuseChains } from './chains.ts'
import { fuseEpilogues } from './epilogue.ts'
import type { Surroundings } from './readers.ts'

/** `calls` compute nodes of the graph, in an order that works; so does what comes back. */
export function fuse(calls: readonly Call[], surroundings: Surroundings): readonly Call[] {
  return fuseChains(fuseEpilogues(calls, surroundings), surroundings)
}
