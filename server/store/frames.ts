// Frames of the log: [u32 length][u32 previous][f64 synced][u32 checksum][JSON]. `previous` is the checksum of the frame
// before, across files, so that a frame that was removed or moved breaks the chain. `synced` is how many bytes of the whole
// log were known to be on disk when the frame was written: one whole frame behind a broken one proves that the broken one
// was damaged, not torn; and as a file of the log begins when all before it is synced, its first frame tells where it lies.
import { crc32 } from 'node:zlib'

const HEADER_BYTES = 20
/** No record is this large; a length beyond it is damage, not a reason to allocate. */
const MAX_BODY_BYTES = 64 * 2 ** 20

export interface LogEnd {
  /** Bytes of the whole log. */
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
  readonly records: object[]
  /** Length of whole, undamaged frames from the start, and the checksum of the last one. */
  readonly length: number
  readonly chain: number
  /** `synced` of the first frame. */
  readonly base: number
  /** Bytes that the frame behind them says it needs: more than there are where it is cut by the end. */
  readonly next: number
}

/** Reads frames up to the end or to the first one that is torn, cut or damaged, at most so many. `chain` is the checksum before them, where it is known. */
export function decodeFrames(bytes: Uint8Array, chain?: number, most = Infinity): DecodedFrames {
  const buffer = asBuffer(bytes)
  const records: object[] = []
  let at = 0, last = chain, base = 0
  for (let frame = frameAt(buffer, at); records.length < most && frame !== undefined && frame.previous === (last ?? frame.previous); frame = frameAt(buffer, at)) {
    records.push(JSON.parse(buffer.toString('utf8', at + HEADER_BYTES, frame.end)) as object)
    if (at === 0) base = frame.synced
    last = frame.checksum
    at = frame.end
  }
  return { records, length: at, chain: last ?? 0, base, next: lengthAt(buffer, at) }
}

/**
 * What whole frames anywhere from `from` on prove to have been on disk, in bytes of the whole log; 0 where there are none.
 * Hardly a byte there reads as a plausible length, so this is quick.
 */
export function provenIn(bytes: Uint8Array, from: number): number {
  const buffer = asBuffer(bytes)
  let proven = 0
  for (let at = from; at + HEADER_BYTES <= buffer.length; at++) {
    const frame = frameAt(buffer, at)
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
  const length = lengthAt(buffer, at)
  const end = at + length
  if (length === 0 || end > buffer.length) return undefined
  const found = buffer.readUInt32LE(at + 16)
  if (checksum(buffer.subarray(at, end)) !== found) return undefined
  return { previous: buffer.readUInt32LE(at + 4), synced: buffer.readDoubleLE(at + 8), checksum: found, end }
}

/** Bytes of the frame that begins there, by its own word; 0 where it says nothing plausible. */
function lengthAt(buffer: Buffer, at: number): number {
  if (at + HEADER_BYTES > buffer.length) return at < buffer.length ? HEADER_BYTES : 0
  const body = buffer.readUInt32LE(at)
  // No record is empty, and zeros would have a valid checksum.
  return body === 0 || body > MAX_BODY_BYTES ? 0 : HEADER_BYTES + body
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Over everything but the checksum itself. */
const checksum = (frame: Buffer): number => crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, 16)))
