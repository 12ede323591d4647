// Calls of a kernel as Plans of one Program, for tests.
import type { Allocation, Plan, Program, Runner, View } from '../graph/plan.ts'
import type { BufferDeclaration, Dims, Kernel } from '../kernels/kernel.ts'

export type Arrays = Readonly<Record<string, Float32Array | Uint32Array>>

/** Floats are persistent allocations, so that they can be written and read; integers are inputs or outputs. `name` keeps Plans apart. */
export function planOfCall(kernel: Kernel, dims: Dims, name = 'call'): Plan {
  const bound = Object.entries(kernel.buffers).filter(([, { bound }]) => bound === undefined || bound(dims))
  const role = ({ element, access }: BufferDeclaration): Allocation['role'] => (element === 'f32' ? 'persistent' : access === 'read' ? 'input' : 'output')
  const allocations = bound.map(([buffer, declared]): Allocation => ({ name: `${name} ${buffer}`, role: role(declared), bytes: declared.length(dims) * 4 }))
  const views = Object.fromEntries(bound.map(([buffer, { length, element }], allocation): [string, View] => [buffer, { allocation, offsetBytes: 0, length: length(dims), element }]))
  const ports = (wanted: Allocation['role']): Plan['inputs'] =>
    Object.fromEntries(Object.entries(views).filter(([, { allocation }]) => allocations[allocation]!.role === wanted).map(([buffer, view]) => [buffer, { view, shape: [view.length] }]))
  return { name, allocations, calls: [{ kernel, dims, views, label: kernel.name }], inputs: ports('input'), outputs: ports('output'), peakBytes: 0 }
}

/** What each call leaves in the buffers that it writes. */
export async function runCalls(runner: Runner, calls: readonly { readonly kernel: Kernel; readonly dims: Dims; readonly arrays: Arrays }[]): Promise<readonly Readonly<Record<string, Float32Array>>[]> {
  const plans = calls.map(({ kernel, dims }, i) => planOfCall(kernel, dims, `call${i}`))
  const program = await runner.load(plans)
  const results = []
  for (const [i, plan] of plans.entries()) results.push(await runCall(program, plan, calls[i]!.arrays))
  program.dispose()
  return results
}

async function runCall(program: Program, plan: Plan, arrays: Arrays): Promise<Readonly<Record<string, Float32Array>>> {
  const { kernel, views } = plan.calls[0]!
  const floats = Object.keys(views).filter((name) => kernel.buffers[name]!.element === 'f32')
  for (const name of floats) program.write(`${plan.name} ${name}`, arrays[name]!)
  program.run(plan.name, mapEntries(plan.inputs, (_, name) => arrays[name]!))
  const written = floats.filter((name) => kernel.buffers[name]!.access !== 'read')
  const read = await program.read(written.map((name) => `${plan.name} ${name}`))
  return { ...await program.readOutputs(plan.name, Object.keys(plan.outputs)), ...Object.fromEntries(written.map((name, i) => [name, read[i]!])) }
}

export function mapEntries<T, U>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))
}
