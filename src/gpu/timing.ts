// How long one variant takes on this device: calls are repeated inside one submit, long enough that neither the
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
/** A call this long is timed once: noise matters less than the person's waiting. */
const LONG_MS = { software: 150, gpu: 300 }
/** A row this far behind the best is not measured closely, unless both take next to nothing. */
const FAR_BEHIND = 3
const CLOSE_MS = 2

export interface Timing {
  readonly bench: Bench
  readonly pipelines: readonly GPUComputePipeline[]
  readonly variant: Variant
  /** Where the first call takes as long as others; a GPU's driver may leave most of its work until then. */
  readonly software: boolean
  /** Milliseconds of the best row so far. */
  readonly best: number
  /** When to stop repeating (performance.now()). */
  readonly deadline: number
}

/**
 * Least milliseconds of one call over batches in one submit each: whatever else the machine does can only add to it.
 * A rough figure where the row is far behind.
 */
export async function timeVariant(stopwatch: Stopwatch, { bench, pipelines, variant, software, best, deadline }: Timing): Promise<number> {
  const batch = (repeats: number): Promise<number> => stopwatch.time((pass) => bench.dispatch(pass, pipelines, variant, repeats))
  const isHopeless = (ms: number): boolean => ms > FAR_BEHIND * best && ms > CLOSE_MS
  const first = await batch(1)
  if (first > LONG_MS[software ? 'software' : 'gpu'] || (software && isHopeless(first))) return first
  let repeats = 1
  let ms = Math.min(first, await batch(1))
  if (isHopeless(ms) || performance.now() >= deadline) return ms
  while (ms < LEAST_BATCH_MS && repeats < MOST_REPEATS) {
    repeats = Math.min(MOST_REPEATS, Math.ceil(repeats * Math.min(GROWTH, BATCH_MS / ms)))
    ms = await batch(repeats)
  }
  const each = [ms / repeats]
  if (each[0]! > FAR_BEHIND * best) return each[0]!
  while (each.length < 3 && (each.length === 1 || performance.now() < deadline)) each.push(await batch(repeats) / repeats)
  return Math.min(...each)
}
