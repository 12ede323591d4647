// An exact sum made by kernels from encoded updates: a SumEngine. Updates wait until several can be added in one pass over the sums,
// which for a large model are the most of what moves through memory.
import { invariant } from '../../src/base/errors.ts'
import type { ExactSumOptions, Scaling, SumEngine } from '../../src/fed/exact-sum.ts'
import { numericKernels, type Encoding, type NumericKernels } from './kernels.ts'
import type { SharedMemory } from './shared-memory.ts'

/** Updates of one pass. */
const MOST_UPDATES = 16
/** The layout of the arguments is in assembly/add.ts. */
const ARGS = 64
const HEADER_BYTES = 40
const ENTRY_BYTES = 40

export interface KernelSumSetup extends SharedMemory {
  readonly size: number
  /** Elements of a payload: the update's, and what travels behind it. */
  readonly payloadSize: number
  readonly encoding: Encoding
  readonly exactSum: ExactSumOptions
}

export class KernelSum implements SumEngine {
  readonly sums: Float64Array
  readonly #setup: KernelSumSetup
  readonly #kernels: NumericKernels
  readonly #addresses: { readonly sums: number; readonly mean: number }
  readonly #view: DataView
  #waiting: { readonly encoded: Uint8Array; readonly scaling: Scaling }[] = []
  #clamped = 0

  constructor(setup: KernelSumSetup) {
    const { memory, module, layout, size } = setup
    invariant(layout.sum !== undefined, 'kernel sum: must have a place in memory.')
    this.#setup = setup
    this.#addresses = layout.sum
    this.#kernels = numericKernels(module, memory)
    this.#view = new DataView(memory.buffer, ARGS)
    this.sums = new Float64Array(memory.buffer, layout.sum.sums, size)
    // A run that is opened again begins with an empty sum.
    this.sums.fill(0)
  }

  /** Updates that are not added yet: their payloads are still needed. */
  get waiting(): number {
    return this.#waiting.length
  }

  add(encoded: Uint8Array, scaling: Scaling): void {
    invariant(encoded.buffer === this.#setup.memory.buffer, 'encoded update: must lie in the memory of its run.')
    this.#waiting.push({ encoded, scaling })
    if (this.#waiting.length === MOST_UPDATES) this.flush()
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    this.#writeArguments()
    this.#kernels.add_updates(ARGS)
    for (let u = 0; u < this.#waiting.length; u++) this.#clamped += Number(this.#view.getBigInt64(HEADER_BYTES + u * ENTRY_BYTES + 32, true))
    this.#waiting = []
  }

  settle(): number {
    this.flush()
    const clamped = this.#clamped
    this.#clamped = 0
    return clamped
  }

  mean(divisor: number): Float32Array {
    const { size, memory } = this.#setup
    const { sums, mean } = this.#addresses
    this.#kernels.mean(sums, mean, size, divisor)
    return new Float32Array(memory.buffer, mean, size)
  }

  #writeArguments(): void {
    const { size, payloadSize, encoding: { code, block }, exactSum: { bound, quantumBits } } = this.#setup
    const view = this.#view
    const header = [code, size, this.#addresses.sums, block, this.#waiting.length]
    header.forEach((value, i) => view.setUint32(i * 4, value, true))
    view.setFloat64(24, bound, true)
    view.setFloat64(32, 2 ** quantumBits, true)
    this.#waiting.forEach(({ encoded: { byteOffset }, scaling: { weight, factor } }, u) => {
      const at = HEADER_BYTES + u * ENTRY_BYTES
      view.setUint32(at, byteOffset, true)
      view.setUint32(at + 4, block === 0 ? 0 : byteOffset + Math.ceil(payloadSize / block) * 4, true)
      view.setFloat64(at + 16, weight, true)
      view.setFloat64(at + 24, factor, true)
      view.setBigInt64(at + 32, 0n, true)
    })
  }
}
