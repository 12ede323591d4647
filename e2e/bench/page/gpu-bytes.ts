// Counts the bytes of live GPU buffers of every library in the same way: by WebGPU's own methods, wrapped before anyone uses them.

export interface BufferCount {
  readonly peakBytes: number
  /** Buffers made since the counting began. */
  readonly made: number
}

let live = 0
let peak = 0
let made = 0

/** Must run before any device is opened. */
export function watchBuffers(): void {
  const { createBuffer } = GPUDevice.prototype
  GPUDevice.prototype.createBuffer = function (this: GPUDevice, descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = createBuffer.call(this, descriptor)
    made++
    live += descriptor.size
    peak = Math.max(peak, live)
    const destroy = buffer.destroy.bind(buffer)
    let destroyed = false
    buffer.destroy = (): undefined => {
      if (!destroyed) live -= descriptor.size
      destroyed = true
      return destroy()
    }
    return buffer
  }
}

/** Counts what happens during `work`, as if the contestant's own `held` bytes were the only ones live before. */
export async function countBuffers<T>(othersBytes: number, work: () => Promise<T>): Promise<readonly [T, BufferCount]> {
  peak = live
  const before = made
  const result = await work()
  return [result, { peakBytes: peak - othersBytes, made: made - before }]
}

export const liveBytes = (): number => live
