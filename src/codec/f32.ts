// Plain little-endian 32-bit floats. Every platform with WebGPU is little-endian, so both ways are views or one copy.
import { WireError } from '../base/errors.ts'
import type { Codec } from './codec.ts'

export const f32: Codec = {
  name: 'f32',
  lossless: true,
  variable: false,
  payloadBytes: (size) => size * 4,
  encode: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  decode(bytes, size) {
    if (bytes.byteLength !== size * 4) throw new WireError(`payload: must be ${size * 4} bytes, got ${bytes.byteLength}.`)
    // A Float32Array must begin at a multiple of four; a payload cut out of a larger buffer may not.
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
    return new Float32Array(aligned.buffer, aligned.byteOffset, size)
  },
}
