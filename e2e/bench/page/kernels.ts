// Every kernel call of the workloads' training steps by itself: all rows that fit, timed, and each call's part of the step.
import { openDevice, browserGpu } from '../../../src/gpu/device.ts'
import type { KernelCall } from '../../../src/graph/plan.ts'
import type { KernelRow, KernelsOptions, KernelsReport } from '../messages.ts'
import { workloads } from '../workloads.ts'
import { compileWorkload } from './ours.ts'
import { createRowTimer } from './rows.ts'

type Row = Omit<KernelRow, 'share' | 'workload'>

export async function measureKernels({ workloads: names }: KernelsOptions, log: (line: string) => void): Promise<KernelsReport> {
  const opened = await openDevice(browserGpu())
  const timeRows = createRowTimer(opened)
  const measure = async ({ kernel, dims, label }: KernelCall): Promise<Row> => {
    const tried = await timeRows(kernel, dims)
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
  return { adapter: opened.description.name, kernels: rows }
}
