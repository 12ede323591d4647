// The IDX format of the MNIST family: two zero bytes, an element type, the number of dimensions, the dimensions as
// big-endian 32-bit integers, then the elements (http://yann.lecun.com/exdb/mnist/). Only bytes (type 8) are read.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'

const UNSIGNED_BYTE = 8

export interface IdxArray {
  readonly shape: readonly number[]
  readonly values: Uint8Array
}

/** Reads an IDX file of `dimensions` dimensions; nothing is copied. Throws ConfigError naming `file`. */
export function parseIdx(bytes: Uint8Array, file: string, dimensions: number): IdxArray {
  const headerBytes = 4 + 4 * dimensions
  if (bytes.length < headerBytes) {
    throw new ConfigError(`${file}: must have an IDX header of ${headerBytes} bytes, got ${bytes.length} bytes. Download it again.`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint32(0)
  if (magic !== ((UNSIGNED_BYTE << 8) | dimensions)) {
    throw new ConfigError(`${file}: must begin as an IDX file of bytes with ${dimensions} dimensions (0x${((UNSIGNED_BYTE << 8) | dimensions).toString(16).padStart(8, '0')}), got 0x${magic.toString(16).padStart(8, '0')}. Is it another file under this name?`)
  }
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const expected = headerBytes + product(shape)
  if (bytes.length !== expected) {
    throw new ConfigError(`${file}: must have ${expected} bytes for shape [${shape.join(', ')}], got ${bytes.length}. Download it again.`)
  }
  return { shape, values: bytes.subarray(headerBytes) }
}

/** An IDX file of `shape`, for tests. */
export function encodeIdx(shape: readonly number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, (UNSIGNED_BYTE << 8) | shape.length)
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size))
  bytes.set(values, 4 + 4 * shape.length)
  return bytes
}
