// Tar files (POSIX ustar) of plain files with short names: what an archive of a run is, so that any tar program shows and
// unpacks it. Written and read in pieces, however large.
import { ConfigError, invariant } from '../../src/base/errors.ts'

const BLOCK_BYTES = 512
const PIECE_BYTES = 4 * 2 ** 20

export interface TarEntry {
  readonly name: string
  readonly bytes: number
  /** In order, as many bytes as that. */
  readonly pieces: () => AsyncIterable<Uint8Array>
}

export async function* packTar(entries: AsyncIterable<TarEntry>, modifiedSeconds: number): AsyncGenerator<Uint8Array> {
  for await (const { name, bytes, pieces } of entries) {
    yield encodeHeader(name, bytes, modifiedSeconds)
    let done = 0
    for await (const piece of pieces()) {
      done += piece.length
      yield piece
    }
    invariant(done === bytes, `archive: ${name} must have the ${bytes} bytes that were announced, got ${done}.`)
    if (bytes % BLOCK_BYTES > 0) yield new Uint8Array(BLOCK_BYTES - (bytes % BLOCK_BYTES))
  }
  yield new Uint8Array(2 * BLOCK_BYTES)
}

/** `read` gives so many bytes from an offset, fewer at the end. Throws ConfigError where it is no tar file, or not a whole one. */
export async function* unpackTar(read: (offset: number, length: number) => Promise<Uint8Array>): AsyncGenerator<TarEntry> {
  for (let at = 0; ;) {
    const header = await read(at, BLOCK_BYTES)
    if (header.length < BLOCK_BYTES) throw new ConfigError('archive: must be a whole tar file, got one that ends too early. Copy it again.')
    if (header.every((byte) => byte === 0)) return
    const { name, bytes } = decodeHeader(header)
    const from = at + BLOCK_BYTES
    yield { name, bytes, pieces: () => readPieces(read, { name, from, bytes }) }
    at = from + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
  }
}

async function* readPieces(read: (offset: number, length: number) => Promise<Uint8Array>, { name, from, bytes }: { readonly name: string; readonly from: number; readonly bytes: number }): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < bytes;) {
    const piece = await read(from + done, Math.min(PIECE_BYTES, bytes - done))
    if (piece.length === 0) throw new ConfigError(`archive: must hold ${bytes} bytes of ${name}, got ${done}. Copy it again.`)
    yield piece
    done += piece.length
  }
}

function encodeHeader(name: string, bytes: number, modifiedSeconds: number): Uint8Array {
  // Eleven octal digits of size: 8 GB.
  invariant(/^[\x21-\x7e]{1,99}$/.test(name) && bytes < 8 ** 11, `archive: must hold files of short names and less than 8 GB, got ${name} of ${bytes} bytes.`)
  const header = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, at: number, digits: number): void => void header.write(value.toString(8).padStart(digits, '0'), at, 'latin1')
  header.write(name, 0, 'latin1')
  octal(0o644, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(bytes, 124, 11)
  octal(Math.floor(modifiedSeconds), 136, 11)
  header.write('0', 156, 'latin1')
  header.write('ustar\0' + '00', 257, 'latin1')
  octal(checksum(header), 148, 6)
  header.write('\0 ', 154, 'latin1')
  return header
}

function decodeHeader(bytes: Uint8Array): { readonly name: string; readonly bytes: number } {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, BLOCK_BYTES)
  const text = (at: number, length: number): string => header.toString('latin1', at, at + length).replace(/\0.*$/s, '').trim()
  const size = Number.parseInt(text(124, 12), 8)
  if (header.toString('latin1', 257, 262) !== 'ustar' || Number.parseInt(text(148, 8), 8) !== checksum(header) || !Number.isSafeInteger(size)) {
    throw new ConfigError('archive: must be a tar file of commonweight backup, got something else or damage. Copy it again.')
  }
  return { name: text(0, 100), bytes: size }
}

/** Over the header with blanks in the checksum's place. */
const checksum = (header: Uint8Array): number => header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0)
