import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError, WireError } from '../base/errors.ts'
import { decodeSafetensors, encodeSafetensors, modelFromSafetensors, modelToSafetensors, type NamedTensor } from './safetensors.ts'

const shape = fc.array(fc.nat(4), { maxLength: 3 })
const words = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length * 8, maxLength: length * 8 })

/** A tensor of any dtype with any bits, NaNs of all kinds included. */
const tensor = fc.tuple(fc.constantFrom('F64', 'F32', 'F16', 'BF16', 'I64', 'U64', 'I32', 'U32', 'I16', 'U16', 'I8', 'U8', 'BOOL'), shape).chain(([dtype, sizes]) => {
  const length = sizes.reduce((a, b) => a * b, 1)
  const arrays = { F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array, I64: BigInt64Array, U64: BigUint64Array, I32: Int32Array, U32: Uint32Array, I16: Int16Array, U16: Uint16Array, I8: Int8Array, U8: Uint8Array, BOOL: Uint8Array } as const
  return words(length).map((bytes): Omit<NamedTensor, 'name'> => ({ dtype: dtype as NamedTensor['dtype'], shape: sizes, data: new arrays[dtype as NamedTensor['dtype']](bytes.slice().buffer, 0, length) }))
})
const tensors = fc.dictionary(fc.string().filter((name) => name !== '__metadata__'), tensor, { maxKeys: 6 }).map((table) => Object.entries(table).map(([name, rest]): NamedTensor => ({ name, ...rest })))
const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 })

const bits = ({ data }: NamedTensor): number[] => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
const comparable = (list: readonly NamedTensor[]): unknown => list.map((entry) => ({ name: entry.name, dtype: entry.dtype, shape: entry.shape, bits: bits(entry) })).sort((a, b) => (a.name < b.name ? -1 : 1))

describe('encodeSafetensors, decodeSafetensors', () => {
  it('round-trip any tensors bit for bit', () => {
    fc.assert(
      fc.property(tensors, metadata, (list, notes) => {
        const decoded = decodeSafetensors(encodeSafetensors(list, notes))
        expect(comparable(decoded.tensors)).toEqual(comparable(list))
        expect(Object.entries(decoded.metadata).sort()).toEqual(Object.entries(notes).sort())
      }),
    )
  })

  it('write the published layout: length, padded JSON, bytes', () => {
    const file = encodeSafetensors([{ name: 'a', shape: [2], dtype: 'F32', data: Float32Array.of(1, -2) }], { by: 'us' })
    const length = Number(new DataView(file.buffer).getBigUint64(0, true))
    expect(length % 8).toBe(0)
    expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))).toEqual({ __metadata__: { by: 'us' }, a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } })
    expect([...file.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 192])
  })

  it('read a file that stands anywhere in memory', () => {
    const file = encodeSafetensors([{ name: 'a', shape: [2], dtype: 'F64', data: Float64Array.of(1, 2) }])
    const moved = new Uint8Array(file.length + 3)
    moved.set(file, 3)
    expect([...(decodeSafetensors(moved.subarray(3)).tensors[0] as NamedTensor).data]).toEqual([1, 2])
  })

  it('refuse to write what could not be read back', () => {
    const data = Float32Array.of(1, 2)
    expect(() => encodeSafetensors([{ name: 'a', shape: [3], dtype: 'F32', data }])).toThrow('tensor "a": must have 3 elements')
    expect(() => encodeSafetensors([{ name: 'a', shape: [2], dtype: 'I32', data }])).toThrow('must be in a Int32Array for I32, got Float32Array')
    expect(() => encodeSafetensors([{ name: 'a', shape: [2], dtype: 'F32', data }, { name: 'a', shape: [2], dtype: 'F32', data }])).toThrow(ConfigError)
  })
})

describe('decodeSafetensors', () => {
  const onlyWireErrors = (bytes: Uint8Array): void => {
    try {
      decodeSafetensors(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(WireError)
    }
  }

  it('throws only WireError on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), onlyWireErrors))
  })

  it('throws only WireError on any JSON header', () => {
    const entry = fc.record({ dtype: fc.oneof(fc.constant('F32'), fc.string()), shape: fc.oneof(fc.array(fc.oneof(fc.nat(4), fc.double())), fc.jsonValue()), data_offsets: fc.oneof(fc.tuple(fc.nat(40), fc.nat(40)), fc.jsonValue()) }, { requiredKeys: [] })
    fc.assert(fc.property(fc.oneof(fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue())), fc.jsonValue()), fc.nat(40), (header, body) => onlyWireErrors(withHeader(header, body))), { numRuns: 500 })
  })

  it('throws only WireError on a file with any byte changed or cut off', () => {
    const file = encodeSafetensors([{ name: 'weight', shape: [2, 2], dtype: 'F32', data: Float32Array.of(1, 2, 3, 4) }], { note: 'x' })
    for (let i = 0; i < file.length; i++) {
      expect(() => decodeSafetensors(file.subarray(0, i))).toThrow(WireError)
      for (const flip of [1, 4, 32, 128]) onlyWireErrors(file.map((byte, j) => (j === i ? byte ^ flip : byte)))
    }
  })

  it('refuses gaps, overlaps, trailing bytes, wrong sizes and unknown dtypes', () => {
    const f32 = (begin: number, end: number, size = 1): object => ({ dtype: 'F32', shape: [size], data_offsets: [begin, end] })
    expect(decodeSafetensors(withHeader({ b: f32(4, 8), a: f32(0, 4) }, 8)).tensors.map(({ name }) => name)).toEqual(['a', 'b'])
    const refused: readonly (readonly [unknown, number, RegExp])[] = [
      [{ a: f32(0, 4), b: f32(8, 12) }, 12, /"b" must begin where the one before it ends \(4\)/],
      [{ a: f32(0, 4), b: f32(0, 4) }, 4, /"b" must begin/],
      [{ a: f32(0, 4) }, 8, /got 4 bytes more/],
      [{ a: f32(0, 4) }, 3, /lie in 3 bytes/],
      [{ a: f32(0, 4, 2) }, 4, /must have 8 bytes/],
      [{ a: { ...f32(0, 4), dtype: 'F33' } }, 4, /dtype of F64.*got "F33"/],
      [{ a: { ...f32(0, 4), dtype: 'toString' } }, 4, /dtype/],
      [{ __metadata__: { a: 1 } }, 0, /must hold strings/],
      [[], 0, /JSON object/],
    ]
    for (const [header, body, why] of refused) expect(() => decodeSafetensors(withHeader(header, body))).toThrow(why)
  })

  it('does not believe a header length beyond the file', () => {
    const bytes = new Uint8Array(16).fill(255)
    expect(() => decodeSafetensors(bytes)).toThrow(/header of at most 8 bytes/)
  })
})

describe('modelToSafetensors, modelFromSafetensors', () => {
  const layout = { entries: [{ name: 'dense/weight', shape: [2, 2], size: 4, packedOffset: 0 }, { name: 'dense/bias', shape: [2], size: 2, packedOffset: 4 }], packedSize: 6 }
  const packed = Float32Array.of(1, 2, 3, 4, 5, -0)

  it('round-trip a model', () => {
    const back = modelFromSafetensors(layout, modelToSafetensors(layout, packed, { modelVersion: '7' }))
    expect(back.packed).toEqual(packed)
    expect(back.metadata).toEqual({ modelVersion: '7' })
    // Node reads files as Buffers, whose slice() is a view and whose memory may be a pool's.
    expect(modelFromSafetensors(layout, Buffer.from(modelToSafetensors(layout, packed))).packed).toEqual(packed)
  })

  it('refuse another model', () => {
    const file = modelToSafetensors(layout, packed)
    const [weight, bias] = layout.entries as [(typeof layout.entries)[0], (typeof layout.entries)[0]]
    expect(() => modelFromSafetensors({ ...layout, entries: [{ ...weight, shape: [4, 1] }, bias] }, file)).toThrow('"dense/weight" must be F32 [4, 1], got F32 [2, 2]')
    expect(() => modelFromSafetensors({ ...layout, entries: [weight] }, file)).toThrow('got also dense/bias')
    expect(() => modelFromSafetensors({ ...layout, entries: [weight, { ...bias, name: 'head/bias' }] }, file)).toThrow('must hold tensor "head/bias"')
    expect(() => modelToSafetensors(layout, packed.subarray(1))).toThrow('must have 6 elements')
  })
})

function withHeader(header: unknown, bodyBytes: number): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header))
  const file = new Uint8Array(8 + json.length + bodyBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  return file
}
