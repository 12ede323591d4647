// The WebGPU implementation that tests run on. Where none is found they are skipped with a line that nobody can miss,
// and under CI they fail: a skip that nobody sees is a defect.
import { NO_VULKAN_REMEDY, nodeGpu } from './node-gpu.ts'

export async function testGpu(): Promise<GPU | undefined> {
  pollGently()
  const gpu = await nodeGpu()
  if (gpu !== undefined) return gpu
  const message = `NO GPU TEST WAS RUN: no WebGPU adapter under Node. ${NO_VULKAN_REMEDY}`
  if (process.env['CI'] !== undefined) throw new Error(message)
  console.warn(`\n${'!'.repeat(message.length)}\n${message}\n${'!'.repeat(message.length)}\n`)
  return undefined
}

/** The same adapters under a name that is no software one's: they are taken for a person's GPU. */
export function disguise(gpu: GPU, description: string): void {
  const request = gpu.requestAdapter.bind(gpu)
  gpu.requestAdapter = async (options) => {
    const adapter = await request(options)
    if (adapter === null) return null
    const info = { vendor: 'test', architecture: '', device: '', description, isFallbackAdapter: false }
    return { limits: adapter.limits, features: adapter.features, info, requestDevice: (descriptor) => adapter.requestDevice(descriptor) } as Partial<GPUAdapter> as GPUAdapter
  }
}

/** Dawn with no device behind it: it compiles everything and computes nothing, with every feature that WebGPU has. */
export async function nullGpu(): Promise<GPU> {
  pollGently()
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  kept = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
  return kept
}

/** Dawn stops working when the object it was made by is collected. */
let kept: GPU | undefined

/**
 * Dawn under Node looks in every turn of the event loop (setImmediate with a native function) whether something it waits for has happened.
 * The software adapter, which compiles and computes on the same cores, gets them back where it looks once a millisecond.
 */
function pollGently(): void {
  if (gentle) return
  gentle = true
  const atOnce = globalThis.setImmediate
  const isDawns = (callback: unknown): boolean => Function.prototype.toString.call(callback).includes('[native code]')
  globalThis.setImmediate = Object.assign((callback: (...args: unknown[]) => void, ...args: unknown[]) => isDawns(callback) ? setTimeout(callback, 1) : atOnce(callback, ...args), atOnce) as unknown as typeof setImmediate
}

let gentle = false
