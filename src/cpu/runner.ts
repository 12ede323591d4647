// Executes Plans with each kernel's reference: the oracle of the GPU runners, and how the coordinator checks evaluations.
// In 'f64' precision every f32 buffer is a Float64Array, which makes finite differences sharp.
import { InvariantError, present } from '../base/errors.ts'
import { bytesOfElement, type NumberArray } from '../kernels/kernel.ts'
import { checkInputs, copyInto, mapValues } from '../graph/host-memory.ts'
import type { Allocation, HostArray, Plan, Program, Runner, View } from '../graph/plan.ts'

export interface CpuOptions {
  readonly precision?: 'f32' | 'f64'
}

/** A Program whose memory can be looked into, and written in any precision. */
export interface CpuProgram extends Program {
  write(allocation: string, data: HostArray | Float64Array): void
  run(plan: string, inputs: Readonly<Record<string, HostArray | Float64Array>>): void
  /** The memory of a persistent allocation itself. */
  peek(allocation: string): NumberArray
  /** The memory of an output itself, valid until the plan runs again. */
  peekOutput(plan: string, name: string): NumberArray
}

export interface CpuRunner extends Runner {
  load(plans: readonly Plan[], onProgress?: (fraction: number, doing: string) => void): Promise<CpuProgram>
  /** As `load`, at once. */
  loadSync(plans: readonly Plan[]): CpuProgram
}

export function createCpuRunner({ precision = 'f32' }: CpuOptions = {}): CpuRunner {
  const loadSync = (plans: readonly Plan[]): CpuProgram => createProgram(plans, precision)
  return {
    adapter: { runner: 'cpu', name: precision === 'f32' ? 'CPU reference' : 'CPU reference in double precision', software: true, half: true },
    load: (plans, onProgress) => {
      const program = loadSync(plans)
      onProgress?.(1, 'ready')
      return Promise.resolve(program)
    },
    loadSync,
    lost: new Promise(() => {}),
    dispose: () => {},
  }
}

interface LoadedPlan {
  readonly plan: Plan
  readonly arrays: readonly NumberArray[]
  readonly inputs: Readonly<Record<string, NumberArray>>
  readonly outputs: Readonly<Record<string, NumberArray>>
  readonly run: () => void
}

function createProgram(plans: readonly Plan[], precision: 'f32' | 'f64'): CpuProgram {
  const persistent = new Map<string, NumberArray>()
  const scratch: NumberArray[] = []
  const loaded = new Map(plans.map((plan) => [plan.name, loadPlan(plan, { persistent, scratch, precision })]))
  const planOf = (name: string): LoadedPlan => present(loaded.get(name), `plan ${name}`)
  const memoryOf = (name: string): NumberArray => present(persistent.get(name), `persistent allocation ${name}`)
  const arrays = new Set([...loaded.values()].flatMap(({ arrays: own }) => own))
  return {
    bytes: [...arrays].reduce((sum, { byteLength }) => sum + byteLength, 0),
    write: (name, data) => copyInto(memoryOf(name), data, name),
    clear: (name) => { memoryOf(name).fill(0) },
    run(name, inputs) {
      const plan = planOf(name)
      checkInputs(plan.plan, inputs)
      for (const [key, memory] of Object.entries(plan.inputs)) memory.set(inputs[key]!)
      plan.run()
    },
    read: (names) => Promise.resolve(names.map((name) => Float32Array.from(memoryOf(name)))),
    readOutputs: (name, keys) => Promise.resolve(Object.fromEntries(keys.map((key) => [key, Float32Array.from(present(planOf(name).outputs[key], `output ${key}`))]))),
    settled: () => Promise.resolve(),
    dispose: () => {},
    peek: memoryOf,
    peekOutput: (name, key) => present(planOf(name).outputs[key], `output ${key}`),
  }
}

interface Memory {
  readonly persistent: Map<string, NumberArray>
  /** Shared by all plans, as only one runs at a time: scratch allocation i of each. */
  readonly scratch: NumberArray[]
  readonly precision: 'f32' | 'f64'
}

function loadPlan(plan: Plan, { persistent, scratch, precision }: Memory): LoadedPlan {
  const integers = new Set(Object.values(plan.inputs).filter(({ view }) => view.element === 'u32').map(({ view }) => view.allocation))
  const floats = (length: number): NumberArray => (precision === 'f32' ? new Float32Array(length) : new Float64Array(length))
  let scratchUsed = 0
  const lengths = lengthsOf(plan)
  const buffers = plan.allocations.map(({ name, role, bytes }, i) => {
    const length = lengths[i]!
    if (role === 'persistent') return shared(persistent, { name, role, bytes }, () => floats(length))
    if (role !== 'scratch') return integers.has(i) ? new Uint32Array(length) : floats(length)
    const at = scratchUsed++
    const present = scratch[at]
    return present !== undefined && present.length >= length ? present : (scratch[at] = floats(length))
  })
  const memory = ({ allocation, offsetBytes, length, element }: View): NumberArray => {
    const start = offsetBytes / bytesOfElement(element)
    return buffers[allocation]!.subarray(start, start + length)
  }
  const calls = plan.calls.map(({ kernel, dims, views }) => ({ kernel, dims, buffers: mapValues(views, memory) }))
  return {
    plan,
    arrays: buffers,
    inputs: mapValues(plan.inputs, ({ view }) => memory(view)),
    outputs: mapValues(plan.outputs, ({ view }) => memory(view)),
    run: () => { for (const { kernel, dims, buffers: bound } of calls) kernel.reference(dims, bound) },
  }
}

/** Elements of each allocation: rounded to f16 or not, each is a number here. */
function lengthsOf({ allocations, calls }: Plan): readonly number[] {
  const lengths = allocations.map(({ bytes }) => bytes / 4)
  for (const { views } of calls) for (const { allocation, offsetBytes, length, element } of Object.values(views)) {
    lengths[allocation] = Math.max(lengths[allocation]!, offsetBytes / bytesOfElement(element) + length)
  }
  return lengths
}

function shared(persistent: Map<string, NumberArray>, { name, bytes }: Allocation, create: () => NumberArray): NumberArray {
  const found = persistent.get(name) ?? create()
  if (found.length * 4 !== bytes) throw new InvariantError(`allocation ${name}: must have one size in all plans, got ${found.length * 4} and ${bytes} bytes. Compile the plans for one model.`)
  persistent.set(name, found)
  return found
}
