// All rows of one call that fit this adapter, timed one after the other.
import { worthTiming } from '../../../src/gpu/candidates.ts'
import type { OpenDevice } from '../../../src/gpu/device.ts'
import { createPipelines } from '../../../src/gpu/pipelines.ts'
import { createBench, timingArrays } from '../../../src/gpu/probe.ts'
import { createStopwatch } from '../../../src/gpu/stopwatch.ts'
import { timeVariant } from '../../../src/gpu/timing.ts'
import { describeVariant } from '../../../src/gpu/wgsl.ts'
import type { Dims, Kernel } from '../../../src/kernels/kernel.ts'

export interface TimedRow { readonly variant: string; readonly ms: number }

/** Gives the rows of a call, the fastest first. */
export function createRowTimer({ device, capabilities }: OpenDevice): (kernel: Kernel, dims: Dims) => Promise<readonly TimedRow[]> {
  const pipelines = createPipelines(device)
  const stopwatch = createStopwatch(device)
  return async (kernel, dims) => {
    const variants = worthTiming(kernel, dims, capabilities)
    const bench = await createBench(device, { kernel, dims, arrays: timingArrays(kernel, dims), variants, halfMode: pipelines.halfMode })
    const rows: TimedRow[] = []
    for (const variant of variants) {
      const best = Math.min(Infinity, ...rows.map(({ ms }) => ms))
      const timing = { bench, pipelines: await pipelines.get(kernel, dims, variant), variant, software: capabilities.software, best, deadline: Infinity }
      rows.push({ variant: describeVariant(kernel, variant), ms: await timeVariant(stopwatch, timing) })
    }
    bench.destroy()
    return rows.sort((a, b) => a.ms - b.ms)
  }
}
