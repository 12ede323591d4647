// Every kernel call of the workloads' training steps by itself: all rows that fit, timed, and each call's part of the step.
import { openDevice, browserGpu } from '../../../src/gpu/device.ts'
import { worthTiming } from '../../../src/gpu/candidates.ts'
import { createPipelines } from '../../../src/gpu/pipelines.ts'
import { createBench, timingArrays } from '../../../src/gpu/probe.ts'
import { createStopwatch } from '../../../src/gpu/stopwatch.ts'
import { timeVariant } from '../../../src/gpu/timing.ts'
import { describeVariant } from '../../../src/gpu/wgsl.ts'
import type { KernelCall } from '../../../src/graph/plan.ts'
import type { KernelRow, KernelsOptions, KernelsReport } from '../messages.ts'
import { workloads } from '../workloads.ts'
import { compileWorkload } from './ours.ts'

type Row = Omit<KernelRow, 'share' | 'workload'>

export async function measureKernels({ workloads: names }: KernelsOptions, log: (line: string) => void): Promise<KernelsReport> {
  const { device, capabilities, description } = await openDevice(browserGpu())
  const pipelines = createPipelines(device)
  const stopwatch = createStopwatch(device)
  const measure = async ({ kernel, dims, label }: KernelCall): Promise<Row> => {
    const bench = await createBench(device, { kernel, dims, arrays: timingArrays(kernel, dims), halfMode: pipelines.halfMode })
    const tried: { variant: string; ms: number }[] = []
    for (const variant of worthTiming(kernel, dims, capabilities)) {
      const pipeline = await pipelines.get(kernel, dims, variant)
      const best = Math.min(Infinity, ...tried.map(({ ms }) => ms))
      tried.push({ variant: describeVariant(kernel, variant), ms: await timeVariant(stopwatch, { bench, pipeline, variant, best, deadline: Infinity }) })
    }
    bench.destroy()
    tried.sort((a, b) => a.ms - b.ms)
    const { variant, ms } = tried[0]!
    return { label, dims: Object.entries(dims).map(([key, value]) => `${key}=${value}`).join(' '), variant, ms, gflops: kernel.flops(dims) / ms / 1e6, tried }
  }
  const rows: KernelRow[] = []
  const known = new Map<string, Row>()
  const lists = [...workloads.filter(({ name }) => names.includes(name)).map((workload) => ({ name: workload.name, calls: compileWorkload(workload).plans.train!.calls }))]
  for (const { name, calls } of lists) {
    const measured: Row[] = []
    for (const call of calls) {
      const key = `${call.kernel.name} ${JSON.stringify(call.dims)}`
      log(`${name}: ${call.label} ${call.kernel.name}`)
      const row = known.get(key) ?? await measure(call)
      known.set(key, row)
      measured.push({ ...row, label: call.label })
    }
    const total = measured.reduce((sum, { ms }) => sum + ms, 0)
    rows.push(...measured.map((row) => ({ ...row, workload: name, share: row.ms / total })))
  }
  return { adapter: description.name, kernels: rows }
}
