import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from '../base/errors.ts'
import { createRng } from '../base/rng.ts'
import { codecs } from './index.ts'

describe.each(codecs.entries())('codec %s', (_, codec) => {
  it('round-trips, in the bytes it announces', () => {
    fc.assert(fc.property(fc.float32Array({ maxLength: 300 }), (values) => {
      const bytes = codec.encode(values, createRng(1))
      if (codec.variable) expect(bytes.byteLength).toBeLessThanOrEqual(codec.payloadBytes(values.length))
      else expect(bytes.byteLength).toBe(codec.payloadBytes(values.length))
      const decoded = codec.decode(bytes, values.length)
      expect(decoded.length).toBe(values.length)
      if (codec.lossless) expect(new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength)).toEqual(new Uint8Array(values.buffer))
    }))
  })

  it('decodes payloads at any offset of a larger buffer', () => {
    const values = Float32Array.of(1, -2, 0.5, 3e20)
    const bytes = codec.encode(values, createRng(1))
    for (let offset = 0; offset < 8; offset++) {
      const larger = new Uint8Array(bytes.byteLength + offset)
      larger.set(bytes, offset)
      expect(codec.decode(larger.subarray(offset), 4)).toEqual(codec.decode(bytes, 4))
    }
  })

  it('throws nothing but WireError on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(60), (bytes, size) => {
      try {
        codec.decode(bytes, size)
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }))
  })
})
