import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WireError } from '../base/errors.ts'
import { checkPayloadBytes, chunkAt, chunkCount, createReassembler } from './chunks.ts'
import { CHUNK_BYTES } from './messages.ts'

const MAX = 4 * CHUNK_BYTES
const payloadBytes = fc.oneof(fc.integer({ min: 0, max: MAX }), fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES))

/** Bytes that differ from place to place, so that a chunk in the wrong place shows. */
function patterned(bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes)
  for (let i = 0; i < bytes; i++) payload[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16)) & 255
  return payload
}

describe('chunks', () => {
  test('come together to the same payload', () => {
    fc.assert(fc.property(payloadBytes, (bytes) => {
      const payload = patterned(bytes)
      const reassembler = createReassembler(new Uint8Array(bytes))
      for (let i = 0; i < chunkCount(bytes); i++) {
        expect(reassembler.complete).toBe(false)
        reassembler.take(i, chunkAt(payload, i))
      }
      expect(reassembler.complete).toBe(true)
      expect(Buffer.compare(reassembler.payload(), payload)).toBe(0)
    }), { numRuns: 60 })
  })

  test('a wrong index or size is refused and changes nothing', () => {
    const wrong = fc.record({ bytes: fc.integer({ min: 1, max: MAX }), before: fc.nat(3), index: fc.integer({ min: -2, max: 6 }), size: fc.integer({ min: 0, max: CHUNK_BYTES + 2 }) })
    fc.assert(fc.property(wrong, ({ bytes, before, index, size }) => {
      const payload = patterned(bytes)
      const reassembler = createReassembler(new Uint8Array(bytes))
      const taken = Math.min(before, chunkCount(bytes))
      for (let i = 0; i < taken; i++) reassembler.take(i, chunkAt(payload, i))
      fc.pre(index !== taken || size !== chunkAt(payload, taken).byteLength || taken === chunkCount(bytes))
      expect(() => reassembler.take(index, new Uint8Array(size))).toThrow(WireError)
      for (let i = taken; i < chunkCount(bytes); i++) reassembler.take(i, chunkAt(payload, i))
      expect(Buffer.compare(reassembler.payload(), payload)).toBe(0)
    }), { numRuns: 60 })
  })

  test('an over-size announcement is refused', () => {
    for (const bytes of [MAX + 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => checkPayloadBytes(bytes, MAX)).toThrow(WireError)
  })

  test('an unfinished payload cannot be had', () => {
    const reassembler = createReassembler(new Uint8Array(CHUNK_BYTES + 1))
    reassembler.take(0, new Uint8Array(CHUNK_BYTES))
    expect(() => reassembler.payload()).toThrow(WireError)
  })
})
