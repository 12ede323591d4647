// Writes results over tensors that are read for the last time, where the kernel can: one tensor less in memory at that moment.
import type { Call } from './call.ts'
import { readersOf } from './readers.ts'
import { storage, type Tensor } from './tensor.ts'

export interface Reused {
  readonly calls: readonly Call[]
  /** The storage whose memory a storage takes over. */
  readonly home: ReadonlyMap<Tensor, Tensor>
}

/** `isScratch`: a storage that the memory plan may place as it likes; `halves`: those that hold f16. */
export function reuseInPlace(calls: readonly Call[], isScratch: (root: Tensor) => boolean, halves: ReadonlySet<Tensor>): Reused {
  const readers = readersOf(calls)
  const home = new Map<Tensor, Tensor>()
  const changed = calls.map((call) => {
    const dead = (buffer: string): boolean => {
      const root = storage(call.buffers[buffer]!)
      const bound = Object.values(call.buffers).filter((tensor) => storage(tensor) === root)
      return isScratch(root) && readers.get(root)?.at(-1) === call && bound.length === 1
    }
    const found = call.kernel.inPlace?.(call.dims, dead)
    if (found === undefined) return call
    const { kernel, output, input, buffer } = found
    const { [output]: written, [input]: over, ...others } = call.buffers
    if (!isScratch(storage(written!)) || halves.has(storage(written!)) !== halves.has(storage(over!))) return call
    home.set(storage(written!), home.get(storage(over!)) ?? storage(over!))
    return { ...call, kernel, buffers: { ...others, [buffer]: written! } }
  })
  return { calls: changed, home }
}
