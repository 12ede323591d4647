// Plans in a linear memory: copies inputs in, runs the steps of each call in order, copies results out.
import { present } from '../base/errors.ts'
import { checkInputs, copyInto, mapValues } from '../graph/host-memory.ts'
import type { Plan, Program, View } from '../graph/plan.ts'
import type { NumberArray } from '../kernels/kernel.ts'
import type { Crew } from './crew.ts'
import type { MemoryLayout } from './layout.ts'
import type { KernelFunctions } from './module.ts'

export interface WasmProgramOptions {
  readonly plans: readonly Plan[]
  readonly memory: WebAssembly.Memory
  readonly layout: MemoryLayout
  readonly functions: KernelFunctions
  readonly crew: Crew
  readonly onDispose: () => void
}

interface LoadedPlan {
  readonly plan: Plan
  readonly inputs: Readonly<Record<string, NumberArray>>
  readonly outputs: Readonly<Record<string, NumberArray>>
  readonly calls: readonly (() => void)[]
}

export function createWasmProgram(options: WasmProgramOptions): Program {
  const { plans, crew, onDispose } = options
  const loaded = new Map(plans.map((plan) => [plan.name, loadPlan(plan, options)]))
  const persistent = new Map(plans.flatMap((plan) => plan.allocations.flatMap(({ name, role, bytes }, allocation) =>
    (role === 'persistent' ? [[name, viewOf(options, plan, { allocation, offsetBytes: 0, length: bytes / 4, element: 'f32' })] as const] : []))))
  const planOf = (name: string): LoadedPlan => present(loaded.get(name), `plan ${name}`)
  const memoryOf = (name: string): NumberArray => present(persistent.get(name), `persistent allocation ${name}`)
  return {
    bytes: options.memory.buffer.byteLength,
    write: (name, data) => copyInto(memoryOf(name), data, name),
    clear: (name) => { memoryOf(name).fill(0) },
    run(name, inputs) {
      const plan = planOf(name)
      checkInputs(plan.plan, inputs)
      for (const [key, memory] of Object.entries(plan.inputs)) memory.set(inputs[key]!)
      for (const call of plan.calls) call()
    },
    read: (names) => Promise.resolve(names.map((name) => Float32Array.from(memoryOf(name)))),
    readOutputs: (name, keys) => Promise.resolve(Object.fromEntries(keys.map((key) => [key, Float32Array.from(present(planOf(name).outputs[key], `output ${key}`))]))),
    // Runs are over when `run` returns; what waits here is whoever else wants this thread, such as a message that says stop.
    settled: () => new Promise((resolve) => { setTimeout(resolve) }),
    dispose() {
      crew.dispose()
      onDispose()
    },
  }
}

function loadPlan(plan: Plan, options: WasmProgramOptions): LoadedPlan {
  const { layout, functions, crew } = options
  const ports = (of: Plan['inputs']): Readonly<Record<string, NumberArray>> => mapValues(of, ({ view }) => viewOf(options, plan, view))
  const calls = layout.calls.get(plan.name)!.flatMap((placed): readonly (() => void)[] => {
    if (placed.type === 'steps') return placed.steps.map(({ fn, name, args, parts }) => {
      const run = present(functions[name], `WASM function ${name}`)
      const job = { fn, run, args, parts }
      return () => crew.run(job)
    })
    const { kernel, dims, views } = placed.call
    const buffers = mapValues(views, (view) => viewOf(options, plan, view))
    return [() => kernel.reference(dims, buffers)]
  })
  return { plan, inputs: ports(plan.inputs), outputs: ports(plan.outputs), calls }
}

function viewOf({ memory, layout }: WasmProgramOptions, plan: Plan, view: View): NumberArray {
  const address = layout.addressOf(plan.name, view)
  return view.element === 'u32' ? new Uint32Array(memory.buffer, address, view.length) : new Float32Array(memory.buffer, address, view.length)
}
