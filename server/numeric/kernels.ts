// The kernels of assembly/, which work on updates as they were encoded, and what they must know of a codec.
import { plain, relaxed } from 'virtual:numeric-assembly'
import { floatBits } from '../../src/base/math.ts'
import type { CodecChoice } from '../../src/codec/codec.ts'
import { f16 } from '../../src/codec/f16.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import { compileFirst, decode } from '../../src/wasm/module.ts'

/** Addresses are bytes; `out` and the results are described in assembly/. */
export interface NumericKernels {
  inspect_f32(payload: number, first: number, end: number, limit: number, out: number): void
  inspect_f16(payload: number, first: number, end: number, limit: number, out: number): void
  inspect_int8(scales: number, steps: number, block: number, first: number, end: number, limit: number, out: number): void
  squares_f32(payload: number, first: number, end: number): number
  squares_f16(payload: number, first: number, end: number): number
  squares_int8(scales: number, steps: number, block: number, first: number, end: number): number
  add_updates(args: number): void
  mean(sums: number, result: number, size: number, divisor: number): void
}

let compiled: Promise<WebAssembly.Module> | undefined

export const compileNumericKernels = (): Promise<WebAssembly.Module> => (compiled ??= compileFirst([relaxed, plain].map((text) => decode(text))))

export const numericKernels = (module: WebAssembly.Module, memory: WebAssembly.Memory): NumericKernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as NumericKernels

/** A codec as the kernels know it. */
export interface Encoding {
  readonly name: 'f32' | 'f16' | 'int8'
  /** Its number in assembly/decode.ts. */
  readonly code: number
  /** Bytes of an element. */
  readonly width: number
  /** Elements that share a scale; 0 where none do. */
  readonly block: number
}

/** Undefined for a codec without kernels: its payloads are decoded and added by the plain code, correctly and slowly. */
export function encodingOf(choice: CodecChoice): Encoding | undefined {
  const { name, blockSize } = resolveCodec(choice).codec
  switch (name) {
    case 'f32': return { name, code: 0, width: 4, block: 0 }
    case 'f16': return { name, code: 1, width: 2, block: 0 }
    case 'int8': return { name, code: 2, width: 1, block: blockSize! }
    default: return undefined
  }
}

/** The largest number up to `bound` that the payload's floats can be, as bits: what lies beyond has a larger magnitude. */
export function limitOf({ name }: Encoding, bound: number): number {
  if (name !== 'f16') {
    // The float below a positive one is the one whose bits are less by one.
    return floatBits(bound) - (Math.fround(bound) > bound ? 1 : 0)
  }
  let low = 0, high = 0x7bff
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (halfOf(middle) <= bound) low = middle
    else high = middle - 1
  }
  return low
}

const halfOf = (bits: number): number => f16.decode(new Uint8Array(Uint16Array.of(bits).buffer), 1)[0]!
