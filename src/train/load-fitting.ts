// Loads a program on a device whose memory nobody knows: WebGPU tells no one how much there is. Where the Plans do not fit they
// are compiled again with a lower limit, so that activations are computed twice rather than kept.
import { OutOfMemoryError, type Plan, type Program } from '../graph/plan.ts'

/** How much of what was too much is tried next. */
const SHRINK = 0.7

/** `C` is what the Plans were compiled to. */
export interface Loading<C> {
  /** Compiles for a device of so many bytes. */
  readonly compile: (memoryLimitBytes: number) => C
  readonly plans: (compiled: C) => readonly Plan[]
  readonly load: (plans: readonly Plan[]) => Promise<Program>
}

/** Throws what `load` threw last where no smaller Plans were found either. */
export async function loadFitting<C>({ compile, plans, load }: Loading<C>): Promise<{ readonly compiled: C; readonly program: Program }> {
  let compiled = compile(Infinity)
  for (;;) {
    try {
      return { compiled, program: await load(plans(compiled)) }
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error
      const peak = largest(plans(compiled))
      const smaller = compile(SHRINK * peak)
      if (largest(plans(smaller)) >= peak) throw error
      compiled = smaller
    }
  }
}

const largest = (plans: readonly Plan[]): number => Math.max(...plans.map(({ peakBytes }) => peakBytes))
