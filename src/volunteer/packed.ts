// Packed tensors, as they travel: params that came down, and gradients on their way up.
import { WireError } from '../base/errors.ts'
import type { Layout } from '../model/layout.ts'

/** A snapshot's packed params, and behind them so many arrays of corrections, as floats without a copy where alignment allows. */
export function asFloats(bytes: Uint8Array, { packedSize }: Layout, down: number): Float32Array {
  const size = packedSize * (1 + down)
  if (bytes.byteLength !== size * 4) {
    throw new WireError(`snapshot: must have ${size * 4} bytes for this model, got ${bytes.byteLength}.`)
  }
  return bytes.byteOffset % 4 === 0 ? new Float32Array(bytes.buffer, bytes.byteOffset, size) : new Float32Array(bytes.slice().buffer)
}

/** Summed grads in the arena -> packed mean, in one pass. */
export function packMean(layout: Layout, arena: Float32Array, numExamples: number): Float32Array {
  const packed = new Float32Array(layout.packedSize)
  for (const { role, arenaOffset, packedOffset, size } of layout.entries) {
    if (role === 'param') for (let i = 0; i < size; i++) packed[packedOffset + i] = (arena[arenaOffset + i] as number) / numExamples
  }
  return packed
}
