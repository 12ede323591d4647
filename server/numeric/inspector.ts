// Looks through encoded payloads by kernels, from front to back as far as it is told: whether all is finite, how many elements
// lie beyond the bound, and the squared norm where it is wanted.
import { ceilDiv } from '../../src/base/math.ts'
import { BLOCK } from '../../src/fed/aggregators/vectors.ts'
import { limitOf, numericKernels, type Encoding, type NumericKernels } from './kernels.ts'
import { reportAddress, type SharedMemory } from './shared-memory.ts'

export interface InspectorSetup extends Pick<SharedMemory, 'memory' | 'module'> {
  readonly encoding: Encoding
  /** Elements of a payload. */
  readonly payloadSize: number
  /** How many of them, from the first on, count for the norm; 0 where nobody asks for it. */
  readonly normSize: number
  readonly bound: number
  /** This inspector's number among those of the run. */
  readonly index: number
}

export class Inspector {
  readonly #setup: InspectorSetup
  readonly #limit: number
  readonly #kernels: NumericKernels
  readonly #report: Int32Array
  /** Bytes before the elements: scales. */
  readonly #headBytes: number
  #payload = 0
  #inspected = 0
  #squared = 0
  #squaredNorm = 0

  constructor(setup: InspectorSetup) {
    const { memory, module, encoding, bound, payloadSize, index } = setup
    this.#setup = setup
    this.#limit = limitOf(encoding, bound)
    this.#kernels = numericKernels(module, memory)
    this.#report = new Int32Array(memory.buffer, reportAddress(index), 2)
    this.#headBytes = encoding.block === 0 ? 0 : ceilDiv(payloadSize, encoding.block) * 4
  }

  begin(payload: Uint8Array): void {
    this.#payload = payload.byteOffset
    this.#inspected = 0
    this.#squared = 0
    this.#squaredNorm = 0
    this.#report.fill(0)
  }

  /** Looks at what is new of the first `bytes` of the payload. */
  advance(bytes: number): void {
    const { encoding: { width }, payloadSize, normSize } = this.#setup
    const end = Math.min(payloadSize, Math.max(0, Math.floor((bytes - this.#headBytes) / width)))
    if (end > this.#inspected) this.#inspect(this.#inspected, end)
    this.#inspected = Math.max(end, this.#inspected)
    while (this.#squared < normSize) {
      const stop = Math.min(normSize, this.#squared + BLOCK)
      if (stop > this.#inspected) return
      this.#squaredNorm += this.#squares(this.#squared, stop)
      this.#squared = stop
    }
  }

  get finite(): boolean {
    return this.#report[0] === 0
  }

  get clamped(): number {
    return this.#report[1]!
  }

  get squaredNorm(): number {
    return this.#squaredNorm
  }

  #inspect(first: number, end: number): void {
    const at = this.#payload, limit = this.#limit, out = this.#report.byteOffset
    const { name, block } = this.#setup.encoding
    switch (name) {
      case 'f32': return this.#kernels.inspect_f32(at, first, end, limit, out)
      case 'f16': return this.#kernels.inspect_f16(at, first, end, limit, out)
      case 'int8': return this.#kernels.inspect_int8(at, at + this.#headBytes, block, first, end, limit, out)
    }
  }

  #squares(first: number, end: number): number {
    const at = this.#payload
    const { name, block } = this.#setup.encoding
    switch (name) {
      case 'f32': return this.#kernels.squares_f32(at, first, end)
      case 'f16': return this.#kernels.squares_f16(at, first, end)
      case 'int8': return this.#kernels.squares_int8(at, at + this.#headBytes, block, first, end)
    }
  }
}
