// How long one variant takes on this device: dispatches are repeated inside one submit, long enough that neither the
// submit's own cost nor a coarse clock matters.
import type { Bench } from './probe.ts'
import type { Stopwatch } from './stopwatch.ts'
import type { Variant } from './wgsl.ts'

/** A batch long enough to hide the cost of a submit. */
const BATCH_MS = 6
/** A batch is made longer until it takes this. */
const LEAST_BATCH_MS = 3
/** Bounds a batch where dispatches take microseconds. */
const MOST_REPEATS = 1024
/** How much longer than the last a batch may be guessed to need: a short one is mostly the submit itself. */
const GROWTH = 8
/** A dispatch this long is timed once: noise matters less than the person's waiting. Below that, what a driver does at the first use may be most of it. */
const LONG_MS = 300
/** A row this far behind the best is not measured closely. */
const FAR_BEHIND = 3

export interface Timing {
  readonly bench: Bench
  readonly pipelines: readonly GPUComputePipeline[]
  readonly variant: Variant
  /** Milliseconds of the best row so far. */
  readonly best: number
  /** When to stop repeating (performance.now()). */
  readonly deadline: number
}

/**
 * Least milliseconds of one call over batches in one submit each: whatever else the machine does can only add to it.
 * A rough figure where the row is far behind.
 */
export async function timeVariant(stopwatch: Stopwatch, { bench, pipelines, variant, best, deadline }: Timing): Promise<number> {
  const batch = (repeats: number): Promise<number> => stopwatch.time((pass) => bench.dispatch(pass, pipelines, variant, repeats))
  // The first one pays for what drivers leave until then.
  const first = await batch(1)
  if (first > LONG_MS) return first
  let repeats = 1
  let ms = Math.min(first, await batch(1))
  if (ms > FAR_BEHIND * best && ms > 2) return ms
  while (ms < LEAST_BATCH_MS && repeats < MOST_REPEATS) {
    repeats = Math.min(MOST_REPEATS, Math.ceil(repeats * Math.min(GROWTH, BATCH_MS / ms)))
    ms = await batch(repeats)
  }
  const each = [ms / repeats]
  if (each[0]! > FAR_BEHIND * best) return each[0]!
  while (each.length < 3 && (each.length === 1 || performance.now() < deadline)) each.push(await batch(repeats) / repeats)
  return Math.min(...each)
}
