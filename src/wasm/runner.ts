// Executes Plans on WebAssembly SIMD: for tabs without a GPU, for the coordinator, for tests. One linear memory holds everything a
// Program needs, laid out before the first run; kernels take addresses. A kernel without a WASM implementation runs its reference
// on views of the same memory, so every Plan runs. A run happens at once, in the calling thread and its helpers.
import { OutOfMemoryError, type Plan, type Program, type Runner } from '../graph/plan.ts'
import { createCrew, createSoloCrew, type Crew } from './crew.ts'
import { layOut, type MemoryLayout } from './layout.ts'
import { kernelModule, type KernelFunctions } from './module.ts'
import { createWasmProgram } from './program.ts'

export interface WasmRunnerOptions {
  /** At most this many threads compute; by default one for each processor, up to eight. One where memory cannot be shared. */
  readonly threads?: number
  /** Steps of fewer operations are left to one thread; for tests. */
  readonly worthSharing?: number
}

/** Below, waking a thread costs more than it saves. */
const WORTH_SHARING = 60_000

const MOST_THREADS = 8

/** Throws NoSimdError where the engine has no SIMD. */
export async function createWasmRunner({ threads = defaultThreads(), worthSharing = WORTH_SHARING }: WasmRunnerOptions = {}): Promise<Runner> {
  const most = canShare() ? Math.max(1, Math.min(MOST_THREADS, threads)) : 1
  const module = await kernelModule(most > 1)
  const crews = new Set<Crew>()
  return {
    adapter: { runner: 'wasm', name: most === 1 ? 'WebAssembly SIMD' : `WebAssembly SIMD, ${most} threads`, software: true },
    async load(plans: readonly Plan[], onProgress): Promise<Program> {
      const layout = layOut(plans, { threads: most, worthSharing })
      const memory = createMemory(layout.bytes, most > 1)
      const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
      const functions = exports as unknown as KernelFunctions
      writeArguments(memory, layout)
      const crew = most === 1 ? createSoloCrew(layout.own[0]!) : await createCrew({ module, memory, functions: layout.functions, control: layout.control }, layout.own)
      crews.add(crew)
      onProgress?.(1, 'ready')
      return createWasmProgram({ plans, memory, layout, functions, crew, onDispose: () => crews.delete(crew) })
    },
    // A thread of this very process: it goes only when everything goes.
    lost: new Promise(() => {}),
    dispose: () => {
      for (const crew of crews) crew.dispose()
      crews.clear()
    },
  }
}

/** A page's main thread must not wait; memory is shared only with pages that are isolated from others. */
function canShare(): boolean {
  const { process, crossOriginIsolated, document } = globalThis as { process?: { versions?: { node?: string } }; crossOriginIsolated?: boolean; document?: unknown }
  return process?.versions?.node !== undefined || (crossOriginIsolated === true && document === undefined)
}

const defaultThreads = (): number => (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ?? nodeProcessors()

function nodeProcessors(): number {
  const node = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process
  const os = node?.getBuiltinModule?.('node:os') as { availableParallelism(): number } | undefined
  return os?.availableParallelism() ?? 1
}

const PAGE_BYTES = 65_536

function createMemory(bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
  } catch {
    throw new OutOfMemoryError(`WASM memory: must be had whole, got none of ${Math.ceil(bytes / 2 ** 20)} MiB. Close other tabs, or choose a smaller model or batch.`)
  }
}

function writeArguments({ buffer }: WebAssembly.Memory, { args }: MemoryLayout): void {
  const words = new Uint32Array(buffer)
  for (const { address, values } of args) words.set(values.map((value) => value >>> 0), address / 4)
}
