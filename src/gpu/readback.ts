// Reads several pieces of GPU memory in one round trip: copies into one staging buffer, one submit, one map.
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
  const take = (bytes: number): GPUBuffer => {
    const at = free.findIndex((buffer) => buffer.size >= bytes)
    if (at >= 0) return free.splice(at, 1)[0] as GPUBuffer
    free.splice(0).forEach((small) => small.destroy())
    return device.createBuffer({ label: 'readback', size: Math.max(256, bytes), usage: MAP_READ_COPY_DST })
  }
  return {
    async read(pieces) {
      const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0)
      const staging = take(bytes)
      const encoder = device.createCommandEncoder({ label: 'readback' })
      let at = 0
      for (const piece of pieces) {
        encoder.copyBufferToBuffer(piece.buffer, piece.offsetBytes, staging, at, piece.bytes)
        at += piece.bytes
      }
      device.queue.submit([encoder.finish()])
      const mapped = staging.mapAsync(0x01, 0, Math.max(4, bytes))
      // Firefox looks at pending maps only every 100 ms unless something is submitted.
      device.queue.submit([])
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
