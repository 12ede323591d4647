// An update's payload travels as chunks of CHUNK_BYTES, in order; the last one is shorter.
// The receiving side has memory for exactly what the header announced (already bounded) and takes nothing else.
import { WireError } from '../base/errors.ts'
import { ceilDiv } from '../base/math.ts'
import { CHUNK_BYTES } from './messages.ts'

/** Number of chunks of a payload; an empty payload has none. */
export const chunkCount = (payloadBytes: number): number => ceilDiv(payloadBytes, CHUNK_BYTES)

/** Chunk `index` of a payload: a view, not a copy. */
export const chunkAt = (payload: Uint8Array, index: number): Uint8Array =>
  payload.subarray(index * CHUNK_BYTES, Math.min((index + 1) * CHUNK_BYTES, payload.byteLength))

/** Puts one payload together again. */
export interface Reassembler {
  /** True when every chunk is here. */
  readonly complete: boolean
  /** Takes the next chunk. Throws WireError, and changes nothing, unless index and size are exactly the expected ones. */
  take(index: number, bytes: Uint8Array): void
  /** The whole payload. Throws WireError while chunks are missing. */
  payload(): Uint8Array
}

/** Throws WireError where `payloadBytes` is more than `maxPayloadBytes`. */
export function checkPayloadBytes(payloadBytes: number, maxPayloadBytes: number): void {
  if (!Number.isSafeInteger(payloadBytes) || payloadBytes < 0 || payloadBytes > maxPayloadBytes) {
    throw new WireError(`payloadBytes: must be a whole number up to ${maxPayloadBytes}, got ${payloadBytes}. Send a smaller update.`)
  }
}

/** Into `whole`, which is as long as the payload. */
export function createReassembler(whole: Uint8Array): Reassembler {
  const payloadBytes = whole.byteLength
  const chunks = chunkCount(payloadBytes)
  let next = 0
  return {
    get complete() { return next === chunks },
    take(index, bytes) {
      if (next === chunks) throw new WireError(`chunk ${index}: must not come after the last of ${chunks} chunks.`)
      if (index !== next) throw new WireError(`chunk index: must be ${next}, got ${index}. Send chunks in order, each once.`)
      const size = Math.min(CHUNK_BYTES, payloadBytes - next * CHUNK_BYTES)
      if (bytes.byteLength !== size) throw new WireError(`chunk ${index}: must have ${size} bytes, got ${bytes.byteLength}.`)
      whole.set(bytes, next * CHUNK_BYTES)
      next++
    },
    payload() {
      if (next !== chunks) throw new WireError(`payload: must have ${chunks} chunks, got ${next}.`)
      return whole
    },
  }
}
