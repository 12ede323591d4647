// safetensors: named tensors in one file, as every framework reads them (https://github.com/huggingface/safetensors).
// Eight bytes of header length, a JSON header padded to 8 bytes, then the tensors without gaps, little-endian.
// Files come from strangers too, so the decoder throws WireError on whatever is wrong and nothing else.
import { ConfigError, WireError } from '../base/errors.ts'
import { product } from '../base/math.ts'

/** Array type per dtype. F16 and BF16 are kept as their bits: lossless, and no platform array is needed. */
const ARRAYS = {
  F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array, I64: BigInt64Array, U64: BigUint64Array,
  I32: Int32Array, U32: Uint32Array, I16: Int16Array, U16: Uint16Array, I8: Int8Array, U8: Uint8Array, BOOL: Uint8Array,
} as const

export type Dtype = keyof typeof ARRAYS
export type TensorData = Float64Array | Float32Array | BigInt64Array | BigUint64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: Dtype
  readonly data: TensorData
}

export type Metadata = Readonly<Record<string, string>>

/** The part of a model's Layout that a file needs (codec stands below model). */
export interface PackedLayout {
  readonly entries: readonly { readonly name: string; readonly shape: readonly number[]; readonly size: number; readonly packedOffset: number }[]
  readonly packedSize: number
}

const LENGTH_BYTES = 8
const ALIGNMENT = 8
/** The reference implementation's limit: a header larger than this is an attack. */
const MAX_HEADER_BYTES = 100_000_000
const METADATA_KEY = '__metadata__'

/** Throws ConfigError where a name is taken twice or data do not fit their shape. */
export function encodeSafetensors(tensors: readonly NamedTensor[], metadata: Metadata = {}): Uint8Array {
  // Wide elements first, so that every tensor lies at a multiple of its element size.
  const ordered = [...tensors].sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT)
  const names = new Set<string>([METADATA_KEY])
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA_KEY, metadata]] : []
  let bytes = 0
  for (const { name, shape, dtype, data } of ordered) {
    if (names.has(name)) throw new ConfigError(`tensor "${name}": must have a name of its own, got one that is taken. Rename it.`)
    if (!(data instanceof ARRAYS[dtype])) throw new ConfigError(`tensor "${name}": must be in a ${ARRAYS[dtype].name} for ${dtype}, got ${data.constructor.name}. Convert it.`)
    if (product(shape) !== data.length) throw new ConfigError(`tensor "${name}": must have ${product(shape)} elements for shape [${shape.join(', ')}], got ${data.length}. Check its shape.`)
    names.add(name)
    header.push([name, { dtype, shape, data_offsets: [bytes, bytes + data.byteLength] }])
    bytes += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + bytes).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.set(json, LENGTH_BYTES)
  let at = LENGTH_BYTES + headerBytes
  for (const { data } of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

/** Tensors in the order of their bytes, copied. Throws WireError, whatever the bytes. */
export function decodeSafetensors(file: Uint8Array): { readonly tensors: readonly NamedTensor[]; readonly metadata: Metadata } {
  const { header, body } = splitHeader(file)
  const { [METADATA_KEY]: rawMetadata, ...rawTensors } = header
  const spans = Object.entries(rawTensors).map(([name, entry]) => parseEntry(name, entry))
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let at = 0
  const tensors = spans.map(({ name, dtype, shape, begin, end }): NamedTensor => {
    if (begin !== at || end > body.length) throw new WireError(`safetensors: tensor "${name}" must begin where the one before it ends (${at}) and lie in ${body.length} bytes, got ${begin}..${end}.`)
    at = end
    return { name, dtype, shape, data: new ARRAYS[dtype](new Uint8Array(body.subarray(begin, end)).buffer) }
  })
  if (at !== body.length) throw new WireError(`safetensors: must end with the last tensor, got ${body.length - at} bytes more.`)
  return { tensors, metadata: parseMetadata(rawMetadata) }
}

function splitHeader(file: Uint8Array): { readonly header: Readonly<Record<string, unknown>>; readonly body: Uint8Array } {
  if (file.length < LENGTH_BYTES) throw new WireError(`safetensors: must have at least ${LENGTH_BYTES} bytes, got ${file.length}.`)
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true)
  const room = Math.min(MAX_HEADER_BYTES, file.length - LENGTH_BYTES)
  if (length > BigInt(room)) throw new WireError(`safetensors: must have a header of at most ${room} bytes, got ${length}.`)
  const end = LENGTH_BYTES + Number(length)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(LENGTH_BYTES, end)))
  } catch (cause) {
    throw new WireError('safetensors: must have a header of JSON in UTF-8, got something else.', { cause })
  }
  if (!isRecord(header)) throw new WireError('safetensors: must have a JSON object as header, got something else.')
  return { header, body: file.subarray(end) }
}

interface Span {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

function parseEntry(name: string, entry: unknown): Span {
  const wrong = (rule: string, got: unknown): WireError => new WireError(`safetensors: tensor "${name}" must ${rule}, got ${JSON.stringify(got)}.`)
  if (!isRecord(entry)) throw wrong('be described by an object', entry)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype)) throw wrong(`have a dtype of ${Object.keys(ARRAYS).join(', ')}`, dtype)
  if (!isSizes(shape)) throw wrong('have a shape of natural numbers', shape)
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong('have two data_offsets', offsets)
  const [begin, end] = offsets as [number, number]
  const bytes = product(shape) * ARRAYS[dtype as Dtype].BYTES_PER_ELEMENT
  if (end - begin !== bytes) throw wrong(`have ${bytes} bytes for its shape`, offsets)
  return { name, dtype: dtype as Dtype, shape, begin, end }
}

function parseMetadata(raw: unknown): Metadata {
  if (raw === undefined) return {}
  if (isRecord(raw) && Object.values(raw).every((value) => typeof value === 'string')) return raw as Metadata
  throw new WireError(`safetensors: ${METADATA_KEY} must hold strings by name, got something else.`)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)

/** A model's packed params as a file, one F32 tensor per layout entry. */
export function modelToSafetensors(layout: PackedLayout, packed: Float32Array, metadata: Metadata = {}): Uint8Array {
  if (packed.length !== layout.packedSize) throw new ConfigError(`params: must have ${layout.packedSize} elements for this model, got ${packed.length}. Are they another model's?`)
  const tensors = layout.entries.map(({ name, shape, size, packedOffset }): NamedTensor => ({ name, shape, dtype: 'F32', data: packed.subarray(packedOffset, packedOffset + size) }))
  return encodeSafetensors(tensors, metadata)
}

/** What an optimizer remembers, in files of training states (training-state.ts): not the model's. */
export const isOptimizerTensor = (name: string): boolean => /^optimizer\/[^/]+\/[^/]+\/.+\/.+$/.test(name)

/** Packed params from a file, which may hold optimizer state too. Throws WireError where it is damaged, ConfigError where it is another model's. */
export function modelFromSafetensors(layout: PackedLayout, file: Uint8Array): { readonly packed: Float32Array; readonly metadata: Metadata } {
  const { tensors, metadata } = decodeSafetensors(file)
  const byName = new Map(tensors.filter(({ name }) => !isOptimizerTensor(name)).map((tensor) => [tensor.name, tensor]))
  const packed = new Float32Array(layout.packedSize)
  for (const { name, shape, packedOffset } of layout.entries) {
    const tensor = byName.get(name)
    if (tensor === undefined) throw new ConfigError(`model file: must hold tensor "${name}", got ${[...byName.keys()].join(', ') || 'none'}. Is it another model's?`)
    if (tensor.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
      throw new ConfigError(`model file: tensor "${name}" must be F32 [${shape.join(', ')}], got ${tensor.dtype} [${tensor.shape.join(', ')}]. Is it another model's?`)
    }
    packed.set(tensor.data as Float32Array, packedOffset)
    byName.delete(name)
  }
  if (byName.size > 0) throw new ConfigError(`model file: must hold only this model's tensors, got also ${[...byName.keys()].join(', ')}. Is it another model's?`)
  return { packed, metadata }
}
