// Frames of the log: [u32 length][u32 checksum][JSON]. The checksum runs on from the frame before it, so that a frame
// that was changed, removed or moved breaks the chain.
import { crc32 } from 'node:zlib'

const HEADER_BYTES = 8
/** No record is this large; a length beyond it is damage, not a reason to allocate. */
const MAX_FRAME_BYTES = 64 * 2 ** 20

export interface EncodedFrames {
  readonly bytes: Uint8Array
  /** Where the chain stands after them. */
  readonly chain: number
}

export function encodeFrames(records: readonly unknown[], chain: number): EncodedFrames {
  const parts = records.map((record) => {
    const body = Buffer.from(JSON.stringify(record))
    const frame = Buffer.alloc(HEADER_BYTES + body.length)
    frame.writeUInt32LE(body.length, 0)
    body.copy(frame, HEADER_BYTES)
    chain = checksum(frame, chain)
    frame.writeUInt32LE(chain, 4)
    return frame
  })
  return { bytes: Buffer.concat(parts), chain }
}

export interface DecodedFrames {
  readonly records: unknown[]
  /** Bytes of whole, undamaged frames. */
  readonly bytes: number
  readonly chain: number
}

/** Reads frames up to the end or to the first one that is torn or damaged. */
export function decodeFrames(file: Uint8Array): DecodedFrames {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const records: unknown[] = []
  let at = 0, chain = 0
  while (at + HEADER_BYTES <= buffer.length) {
    const length = buffer.readUInt32LE(at)
    const end = at + HEADER_BYTES + length
    if (length > MAX_FRAME_BYTES || end > buffer.length) break
    const expected = checksum(buffer.subarray(at, end), chain)
    if (buffer.readUInt32LE(at + 4) !== expected) break
    try {
      records.push(JSON.parse(buffer.toString('utf8', at + HEADER_BYTES, end)))
    } catch {
      break
    }
    chain = expected
    at = end
  }
  return { records, bytes: at, chain }
}

const checksum = (frame: Buffer, chain: number): number => crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, 4), chain))
