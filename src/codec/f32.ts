// Plain little-endian 32-bit floats. Every platform with WebGPU is little-endian, so both ways are views or one copy.
import { WireError } from '../base/errors.ts'
import { aligned } from './codec.ts'
import { noOptions, register } from './register.ts'

export const f32 = register(noOptions, () => ({
  name: 'f32',
  lossless: true,
  unbiased: true,
  variable: false,
  payloadBytes: (size) => size * 4,
  encode: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  decode(bytes, size) {
    if (bytes.byteLength !== size * 4) throw new WireError(`payload: must be ${size * 4} bytes, got ${bytes.byteLength}.`)
    const whole = aligned(bytes, 4)
    return new Float32Array(whole.buffer, whole.byteOffset, size)
  },
}))
