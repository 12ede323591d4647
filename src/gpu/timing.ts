// How long one variant takes on this device. Timestamp queries are quantised to 100 us in browsers, so dispatches are
// repeated inside one submit and the wall clock is read around it.
import type { Bench } from './probe.ts'
import type { Variant } from './wgsl.ts'

/** A batch long enough to hide the cost of a submit. */
const BATCH_MS = 8
const MOST_REPEATS = 64

export interface Timing {
  readonly bench: Bench
  readonly pipeline: GPUComputePipeline
  readonly variant: Variant
  /** Milliseconds of the best row so far: one far behind it is not measured closely. */
  readonly best: number
  /** When to stop repeating (performance.now()). */
  readonly deadline: number
}

/**
 * Least milliseconds of one dispatch over batches in one submit each: whatever else the machine does can only add to it.
 * A rough figure where the row is far behind.
 */
export async function timeVariant(device: GPUDevice, { bench, pipeline, variant, best, deadline }: Timing): Promise<number> {
  const batch = async (repeats: number): Promise<number> => {
    const encoder = device.createCommandEncoder({ label: 'tune' })
    const pass = encoder.beginComputePass()
    for (let i = 0; i < repeats; i++) bench.dispatch(pass, pipeline, variant)
    pass.end()
    const start = performance.now()
    device.queue.submit([encoder.finish()])
    await device.queue.onSubmittedWorkDone()
    return (performance.now() - start) / repeats
  }
  await batch(1)
  const once = Math.min(await batch(1), await batch(1))
  if (once > 3 * best && once > 2) return once
  const repeats = Math.max(1, Math.min(MOST_REPEATS, Math.ceil(BATCH_MS / once)))
  const samples: number[] = []
  while (samples.length < 3 && (samples.length === 0 || performance.now() < deadline)) samples.push(await batch(repeats))
  return Math.min(...samples)
}
