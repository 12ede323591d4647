// A checkpoint file: [u32 header length][JSON header, padded to four bytes][params][each optimizer slot][what the aggregator
// remembers][what corrections remember], f32.
import { ConfigError } from '../../src/base/errors.ts'
import type { Memory } from '../../src/fed/aggregators/aggregator.ts'
import type { OptimizerState } from '../../src/optim/server-optimizer.ts'

export interface CheckpointContents {
  readonly version: number
  readonly params: Float32Array
  readonly optimizer: OptimizerState
  /** Of the aggregator, by name. */
  readonly memory: Memory
  /** Of the corrections, by name. */
  readonly corrections: Memory
}

interface Header {
  readonly format: 1
  readonly version: number
  readonly size: number
  readonly step: number
  readonly slots: readonly string[]
  /** Absent where nothing is remembered. */
  readonly memory?: readonly string[]
  readonly corrections?: readonly string[]
}

export function encodeCheckpoint({ version, params, optimizer, memory, corrections }: CheckpointContents): Uint8Array {
  const slots = Object.keys(optimizer.slots), remembered = Object.keys(memory), corrected = Object.keys(corrections)
  const header: Header = {
    format: 1, version, size: params.length, step: optimizer.step, slots,
    ...(remembered.length === 0 ? {} : { memory: remembered }), ...(corrected.length === 0 ? {} : { corrections: corrected }),
  }
  const text = JSON.stringify(header)
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 4) * 4))
  const arrays = [params, ...slots.map((name) => optimizer.slots[name]!), ...remembered.map((name) => memory[name]!), ...corrected.map((name) => corrections[name]!)]
  const file = new Uint8Array(4 + json.length + arrays.length * params.byteLength)
  new DataView(file.buffer).setUint32(0, json.length, true)
  file.set(json, 4)
  arrays.forEach((array, i) => file.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), 4 + json.length + i * params.byteLength))
  return file
}

export function decodeCheckpoint(file: Uint8Array): CheckpointContents {
  const damaged = (why: string): ConfigError => new ConfigError(`checkpoint: must be whole, got ${why}. Restore a backup of the state folder, or begin anew with --fresh.`)
  if (file.length < 4) throw damaged(`${file.length} bytes`)
  const headerBytes = new DataView(file.buffer, file.byteOffset).getUint32(0, true)
  let header: Header
  try {
    header = JSON.parse(new TextDecoder().decode(file.subarray(4, 4 + headerBytes))) as Header
  } catch {
    throw damaged('a header that cannot be read')
  }
  const { slots, memory = [], corrections = [] } = header
  const bytes = header.size * 4
  const expected = 4 + headerBytes + (1 + slots.length + memory.length + corrections.length) * bytes
  if (file.length !== expected) throw damaged(`${file.length} bytes instead of ${expected}`)
  const array = (i: number): Float32Array => {
    const start = 4 + headerBytes + i * bytes
    // Not `slice`, which for a Buffer is a view.
    return new Float32Array(new Uint8Array(file.subarray(start, start + bytes)).buffer)
  }
  const named = (names: readonly string[], first: number): Memory => Object.fromEntries(names.map((name, i) => [name, array(first + i)]))
  return {
    version: header.version,
    params: array(0),
    optimizer: { step: header.step, slots: named(slots, 1) },
    memory: named(memory, 1 + slots.length),
    corrections: named(corrections, 1 + slots.length + memory.length),
  }
}
