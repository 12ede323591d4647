// The same measurements as in a browser, in Node on the npm package `webgpu`: for machines with a GPU and no browser. Every
// measurement gets a process of its own, so that first steps are cold and no library finds another's leavings.
import { availableParallelism } from 'node:os'
import { ConfigError } from '../../src/base/errors.ts'
import { openDevice } from '../../src/gpu/device.ts'
import { NO_VULKAN_REMEDY, nodeGpu } from '../../src/gpu/node-gpu.ts'
import type { AdapterChoice } from '../../server/chromium.ts'
import { startChild, type Role } from './child.ts'
import type { BenchHost, Benches } from './messages.ts'

type Answer = { readonly log: string } | { readonly result: unknown } | { readonly error: string }

export function openNodeHost(adapter: AdapterChoice): BenchHost {
  const run = async (bench: string, options: unknown): Promise<unknown> => {
    const child = startChild('measure', { bench, options, software: adapter === 'software' })
    await child.hear()
    child.tell('go')
    for (;;) {
      const answer = await child.hear<Answer>()
      if ('log' in answer) {
        console.log(answer.log)
        continue
      }
      await child.end()
      if ('error' in answer) throw new Error(answer.error)
      return answer.result
    }
  }
  return { run: run as BenchHost['run'], close: () => undefined }
}

interface Measurement {
  readonly bench: keyof Benches
  readonly options: never
  readonly software: boolean
}

/** The process of one measurement. */
export const measure: Role = async (tell, { bench, options, software }: Measurement) => {
  const answer = async (): Promise<Answer> => {
    try {
      const gpu = await nodeGpu({ software })
      if (gpu === undefined || (!software && await isSoftwareOnly(gpu))) throw new ConfigError(software ? `Vulkan driver: must exist for WebGPU under Node, got none. ${NO_VULKAN_REMEDY}` : 'Vulkan driver of a GPU: must exist for --adapter hardware, got none. Install the one of the GPU\'s maker, or measure with --adapter software.')
      // Where libraries for browsers look for it.
      Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node', hardwareConcurrency: availableParallelism() }, configurable: true })
      helpIterators()
      const { benches } = await import('./page/benches.ts')
      return { result: await benches[bench](options, (log) => tell({ log })) }
    } catch (error) {
      return { error: (error as Error).message }
    }
  }
  return async (message) => { if (message === 'go') tell(await answer()) }
}

async function isSoftwareOnly(gpu: GPU): Promise<boolean> {
  const { device, description } = await openDevice(gpu)
  device.destroy()
  return description.software
}

/** The helpers of iterators that jax-js uses, which Node has from 22 on. */
function helpIterators(): void {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as Record<string, unknown>
  if ('map' in prototype) return
  Object.assign(prototype, {
    * map(this: Iterable<unknown>, change: (value: unknown) => unknown) { for (const value of this) yield change(value) },
    * filter(this: Iterable<unknown>, keep: (value: unknown) => boolean) { for (const value of this) if (keep(value)) yield value },
  })
}
