// One call of a kernel as a Plan, for tests.
import type { Allocation, Plan, Runner, View } from '../graph/plan.ts'
import type { Dims, Kernel } from '../kernels/kernel.ts'

type Arrays = Readonly<Record<string, Float32Array | Uint32Array>>

/** Floats are persistent allocations, so that they can be written and read; integers are inputs. */
export function planOfCall(kernel: Kernel, dims: Dims): Plan {
  const bound = Object.entries(kernel.buffers).filter(([, { bound }]) => bound === undefined || bound(dims))
  const allocations = bound.map(([name, { length, element }]): Allocation => ({ name, role: element === 'u32' ? 'input' : 'persistent', bytes: length(dims) * 4 }))
  const views = Object.fromEntries(bound.map(([name, { length, element }], allocation): [string, View] => [name, { allocation, offsetBytes: 0, length: length(dims), element }]))
  const inputs = Object.fromEntries(Object.entries(views).filter(([, { element }]) => element === 'u32').map(([name, view]) => [name, { view, shape: [view.length] }]))
  return { name: 'call', allocations, calls: [{ kernel, dims, views, label: kernel.name }], inputs, outputs: {}, peakBytes: 0 }
}

/** What the call leaves in the buffers that it writes. */
export async function runCall(runner: Runner, plan: Plan, arrays: Arrays): Promise<Readonly<Record<string, Float32Array>>> {
  const program = await runner.load([plan])
  for (const { name, role } of plan.allocations) if (role === 'persistent') program.write(name, arrays[name]!)
  program.run(plan.name, mapEntries(plan.inputs, (_, name) => arrays[name]!))
  const { kernel } = plan.calls[0]!
  const written = plan.allocations.map(({ name }) => name).filter((name) => kernel.buffers[name]!.access !== 'read')
  const results = await program.read(written)
  program.dispose()
  return Object.fromEntries(written.map((name, i) => [name, results[i]!]))
}

export function mapEntries<T, U>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))
}
