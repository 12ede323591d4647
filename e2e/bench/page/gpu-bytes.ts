// Counts the GPU buffers of every library in the same way: by WebGPU's own methods, wrapped before anyone uses them. A buffer
// belongs to the meter during whose work it was made, until it is destroyed.
import type { Contestant } from './contestant.ts'

export interface BufferCount {
  /** Most bytes held at one time. */
  readonly peakBytes: number
  /** Bytes held now. */
  readonly liveBytes: number
  /** Buffers made. */
  readonly made: number
}

export interface BufferMeter {
  /** Counts what is made while `work` runs. One meter's work at a time. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Since the last `restart`, or since it was made. */
  count(): BufferCount
  /** What is held now stays counted. */
  restart(): void
}

interface Tally { live: number; peak: number; made: number }

/** Whose work is being done. */
let current: Tally | undefined

interface Devices { readonly prototype: { createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer } }

/** Must run once, before any device is opened. */
export function watchBuffers({ prototype }: Devices): void {
  const { createBuffer } = prototype
  prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor)
    const owner = current
    if (owner !== undefined) own(owner, buffer, descriptor.size)
    return buffer
  }
}

function own(owner: Tally, buffer: GPUBuffer, bytes: number): void {
  owner.made++
  owner.live += bytes
  owner.peak = Math.max(owner.peak, owner.live)
  const destroy = buffer.destroy.bind(buffer)
  let destroyed = false
  buffer.destroy = (): undefined => {
    if (!destroyed) owner.live -= bytes
    destroyed = true
    return destroy()
  }
}

export function createBufferMeter(): BufferMeter {
  const tally: Tally = { live: 0, peak: 0, made: 0 }
  return {
    async during(work) {
      const outer = current
      current = tally
      try {
        return await work()
      } finally {
        current = outer
      }
    },
    count: () => ({ peakBytes: tally.peak, liveBytes: tally.live, made: tally.made }),
    restart: () => { Object.assign(tally, { peak: tally.live, made: 0 }) },
  }
}

/** The contestant, with what its steps make counted. */
export const metered = <T extends Contestant>(meter: BufferMeter, contestant: T): T => ({
  ...contestant,
  lossOf: (data) => meter.during(() => contestant.lossOf(data)),
  steps: (batches) => meter.during(() => contestant.steps(batches)),
})
