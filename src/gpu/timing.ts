// How long one variant takes on this device: dispatches are repeated inside one submit, long enough that neither the
// submit's own cost nor a coarse clock matters.
import type { Bench } from './probe.ts'
import type { Stopwatch } from './stopwatch.ts'
import type { Variant } from './wgsl.ts'

/** A batch long enough to hide the cost of a submit. */
const BATCH_MS = 6
const MOST_REPEATS = 64
/** A dispatch this long is timed once: noise matters less than the person's waiting. */
const LONG_MS = 150
/** A row this far behind the best is not measured closely. */
const FAR_BEHIND = 3

export interface Timing {
  readonly bench: Bench
  readonly pipeline: GPUComputePipeline
  readonly variant: Variant
  /** Milliseconds of the best row so far. */
  readonly best: number
  /** When to stop repeating (performance.now()). */
  readonly deadline: number
}

/**
 * Least milliseconds of one dispatch over batches in one submit each: whatever else the machine does can only add to it.
 * A rough figure where the row is far behind.
 */
export async function timeVariant(stopwatch: Stopwatch, { bench, pipeline, variant, best, deadline }: Timing): Promise<number> {
  const batch = async (repeats: number): Promise<number> => await stopwatch.time((pass) => bench.dispatch(pass, pipeline, variant, repeats)) / repeats
  // The first one pays for what drivers leave until then.
  const first = await batch(1)
  if (first > LONG_MS || (first > FAR_BEHIND * best && first > 2)) return first
  const once = await batch(1)
  if (once > FAR_BEHIND * best && once > 1) return once
  const repeats = Math.max(1, Math.min(MOST_REPEATS, Math.ceil(BATCH_MS / once)))
  const samples = [Math.min(first, once)]
  while (samples.length < 4 && (samples.length === 1 || performance.now() < deadline)) samples.push(await batch(repeats))
  return Math.min(...(repeats === 1 ? samples : samples.slice(1)))
}
