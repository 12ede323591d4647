// Frames of the log: [u32 length][u32 previous][f64 synced][u32 checksum][JSON]. `previous` is the checksum of the frame
// before, so that a frame that was removed or moved breaks the chain. `synced` is how many bytes of the log were known to
// be on disk when the frame was written: one whole frame behind a broken one proves that the broken one was damaged,
// not torn.
import { crc32 } from 'node:zlib'

const HEADER_BYTES = 20
/** No record is this large; a length beyond it is damage, not a reason to allocate. */
const MAX_BODY_BYTES = 64 * 2 ** 20

export interface LogEnd {
  /** Bytes on disk. */
  readonly bytes: number
  /** Checksum of the last frame. */
  readonly chain: number
}

export function encodeFrames(records: readonly unknown[], end: LogEnd): { readonly bytes: Uint8Array; readonly end: LogEnd } {
  let { chain } = end
  const parts = records.map((record) => {
    const body = Buffer.from(JSON.stringify(record))
    const frame = Buffer.alloc(HEADER_BYTES + body.length)
    frame.writeUInt32LE(body.length, 0)
    frame.writeUInt32LE(chain, 4)
    frame.writeDoubleLE(end.bytes, 8)
    body.copy(frame, HEADER_BYTES)
    chain = checksum(frame)
    frame.writeUInt32LE(chain, 16)
    return frame
  })
  const bytes = Buffer.concat(parts)
  return { bytes, end: { bytes: end.bytes + bytes.length, chain } }
}

export interface DecodedFrames {
  readonly records: unknown[]
  /** Bytes of whole, undamaged frames from the start, and where the chain stands after them. */
  readonly end: LogEnd
  /** Bytes that later frames prove to have been on disk; more than `end.bytes` means damage. */
  readonly proven: number
}

/** Reads frames up to the end or to the first one that is torn or damaged. */
export function decodeFrames(file: Uint8Array): DecodedFrames {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const records: unknown[] = []
  let at = 0, chain = 0
  for (let frame = frameAt(buffer, at); frame !== undefined && frame.previous === chain; frame = frameAt(buffer, at)) {
    records.push(JSON.parse(buffer.toString('utf8', at + HEADER_BYTES, frame.end)))
    chain = frame.checksum
    at = frame.end
  }
  return { records, end: { bytes: at, chain }, proven: provenBehind(buffer, at) }
}

/** Looks for whole frames anywhere behind `at`. Hardly a byte there reads as a plausible length, so this is quick. */
function provenBehind(buffer: Buffer, at: number): number {
  let proven = 0
  for (let next = at + 1; next + HEADER_BYTES <= buffer.length; next++) {
    const frame = frameAt(buffer, next)
    if (frame !== undefined) proven = Math.max(proven, frame.synced)
  }
  return proven
}

interface Frame {
  readonly previous: number
  readonly synced: number
  readonly checksum: number
  readonly end: number
}

function frameAt(buffer: Buffer, at: number): Frame | undefined {
  if (at + HEADER_BYTES > buffer.length) return undefined
  const length = buffer.readUInt32LE(at)
  const end = at + HEADER_BYTES + length
  // No record is empty, and zeros would have a valid checksum.
  if (length === 0 || length > MAX_BODY_BYTES || end > buffer.length) return undefined
  const found = buffer.readUInt32LE(at + 16)
  if (checksum(buffer.subarray(at, end)) !== found) return undefined
  return { previous: buffer.readUInt32LE(at + 4), synced: buffer.readDoubleLE(at + 8), checksum: found, end }
}

/** Over everything but the checksum itself. */
const checksum = (frame: Buffer): number => crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, 16)))
