// Reads several pieces of GPU memory in one round trip: copies into one staging buffer, one submit, one map.
import { InvariantError } from '../base/errors.ts'
import { OutOfMemoryError } from '../graph/plan.ts'
import { megabytes } from './memory.ts'

const MAP_READ_COPY_DST = 0x01 | 0x08

export interface Piece {
  readonly buffer: GPUBuffer
  readonly offsetBytes: number
  readonly bytes: number
}

/** Reads, reusing staging buffers that are free. */
export interface Readback {
  /** Encodes and submits the copies at once; resolves with one array per piece. */
  read(pieces: readonly Piece[]): Promise<readonly Float32Array[]>
  destroy(): void
}

export function createReadback(device: GPUDevice): Readback {
  const free: GPUBuffer[] = []
  const copy = (pieces: readonly Piece[], staging: GPUBuffer): Promise<void> => {
    const encoder = device.createCommandEncoder({ label: 'readback' })
    let at = 0
    for (const piece of pieces) {
      encoder.copyBufferToBuffer(piece.buffer, piece.offsetBytes, staging, at, piece.bytes)
      at += piece.bytes
    }
    device.queue.submit([encoder.finish()])
    const mapped = staging.mapAsync(0x01, 0, Math.max(4, at))
    // Firefox looks at pending maps only every 100 ms unless something is submitted.
    device.queue.submit([])
    return mapped
  }
  /** As `copy`, into a buffer that is made for it; of one that there is no memory for WebGPU tells only later. */
  const copyToNew = (pieces: readonly Piece[], bytes: number): { readonly staging: GPUBuffer; readonly mapped: Promise<void> } => {
    free.splice(0).forEach((small) => small.destroy())
    device.pushErrorScope('validation')
    device.pushErrorScope('out-of-memory')
    const staging = device.createBuffer({ label: 'readback', size: Math.max(256, bytes), usage: MAP_READ_COPY_DST })
    const mapped = copy(pieces, staging)
    const errors = Promise.all([device.popErrorScope(), device.popErrorScope()])
    const checked = async (): Promise<void> => {
      const [memory, invalid] = await errors
      if (memory !== null) throw new OutOfMemoryError(`GPU memory: must hold ${megabytes(bytes)} more to read results, got out of memory (${memory!.message}). Use a smaller batch or model, or close other tabs.`)
      if (invalid !== null) throw new InvariantError(`readback: must copy what there is, got ${invalid!.message}`)
      await mapped
    }
    mapped.catch(() => undefined)
    return { staging, mapped: checked() }
  }
  return {
    async read(pieces) {
      const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0)
      const at = free.findIndex((buffer) => buffer.size >= bytes)
      const known = at < 0 ? undefined : free.splice(at, 1)[0]!
      const { staging, mapped } = known === undefined ? copyToNew(pieces, bytes) : { staging: known, mapped: copy(pieces, known) }
      await mapped
      const all = staging.getMappedRange(0, Math.max(4, bytes))
      let from = 0
      const arrays = pieces.map((piece) => {
        const array = new Float32Array(all.slice(from, from + piece.bytes))
        from += piece.bytes
        return array
      })
      staging.unmap()
      free.push(staging)
      return arrays
    },
    destroy: () => free.splice(0).forEach((buffer) => buffer.destroy()),
  }
}
