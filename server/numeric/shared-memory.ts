// The memory that a run's threads share: the open sum, the mean made of it, and slots for payloads, in which an update stays as it
// was encoded from its first chunk until it is added. The slots are the run's budget: while all are taken, who wants to
// send an update waits for its turn.
import { ConfigError, invariant } from '../../src/base/errors.ts'
import { roundUp } from '../../src/base/math.ts'
import type { CodecChoice } from '../../src/codec/codec.ts'
import { resolveCodec } from '../../src/codec/index.ts'

/** Bytes of payloads that are here at once, unless the schedule has to hold more of them. Memory is taken as it is touched. */
const PAYLOAD_BUDGET = 512 * 2 ** 20
/** More are no use: a slot is held for as long as one payload takes to arrive, or to be added. */
const MOST_SLOTS = 4096
/** Beside those that wait for their version: one that arrives, and one that is being checked. */
export const SPARE_SLOTS = 2
const PAGE_BYTES = 65_536
const MOST_BYTES = PAGE_BYTES * 65_536
/** For arguments of kernels, and what they report to each thread. */
const SCRATCH_BYTES = PAGE_BYTES

/** Addresses in bytes. */
export interface MemoryLayout {
  readonly bytes: number
  /** Undefined where the sum is not made by kernels. */
  readonly sum: { readonly sums: number; readonly mean: number } | undefined
  readonly slots: number
  readonly slotBytes: number
  readonly slotCount: number
}

/** What every thread of a run is told. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory
  readonly module: WebAssembly.Module
  readonly layout: MemoryLayout
}

export interface MemoryNeeds {
  readonly size: number
  readonly payloadBytes: number
  /** Updates that wait, checked, for their version. */
  readonly held: number
  /** Whether the sum is made by kernels. */
  readonly summed: boolean
  /** Bytes of payloads. */
  readonly budget?: number
}

/** Throws ConfigError where it does not fit. */
export function planMemory({ size, payloadBytes, held, summed, budget = PAYLOAD_BUDGET }: MemoryNeeds): MemoryLayout {
  const sums = SCRATCH_BYTES, mean = sums + roundUp(size * 8, 64)
  const slots = summed ? mean + roundUp(size * 4, 64) : SCRATCH_BYTES
  // Kernels read whole vectors.
  const slotBytes = roundUp(payloadBytes + 16, 64)
  const wanted = Math.min(MOST_SLOTS, Math.max(held + SPARE_SLOTS, Math.floor(budget / slotBytes)))
  const slotCount = Math.min(wanted, Math.floor((MOST_BYTES - slots) / slotBytes))
  if (slotCount < held + SPARE_SLOTS) {
    throw new ConfigError(`updates: must fit into 4 GB with what is made of them, got ${held + SPARE_SLOTS} of ${payloadBytes} bytes for ${size} params. Take a smaller model or buffer, or a codec that sends less.`)
  }
  return { bytes: slots + slotBytes * slotCount, sum: summed ? { sums, mean } : undefined, slots, slotBytes, slotCount }
}

export function createSharedMemory(module: WebAssembly.Module, layout: MemoryLayout): SharedMemory {
  const pages = Math.ceil(layout.bytes / PAGE_BYTES)
  return { memory: new WebAssembly.Memory({ initial: pages, maximum: 65_536, shared: true }), module, layout }
}

/** Where the checker of this number has its two words for what kernels report; arguments lie before them. */
export const reportAddress = (checker: number): number => SCRATCH_BYTES / 2 + checker * 64

/** Longest payload of an update of `size` elements. */
export const payloadBytesOf = (codec: CodecChoice, size: number): number => resolveCodec(codec).codec.payloadBytes(size)

/** Hands out the slots of one thread's side: the event loop, where payloads arrive. */
export class PayloadSlots {
  readonly #buffer: ArrayBufferLike
  readonly #layout: MemoryLayout
  readonly #free: number[]
  readonly #taken = new Set<number>()
  readonly #waiting: ((address: number) => void)[] = []

  constructor({ memory, layout }: SharedMemory) {
    this.#buffer = memory.buffer
    this.#layout = layout
    // The first ones last: memory that was never touched is not there yet.
    this.#free = Array.from({ length: layout.slotCount }, (_, i) => layout.slots + (layout.slotCount - 1 - i) * layout.slotBytes)
  }

  /** How many are taken. */
  get inUse(): number {
    return this.#taken.size
  }

  has(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#buffer
  }

  /** Memory for a payload, when there is room: first come, first served. */
  async take(bytes: number): Promise<Uint8Array> {
    invariant(bytes <= this.#layout.slotBytes, `payload: must fit into ${this.#layout.slotBytes} bytes, got ${bytes}.`)
    const address = this.#free.pop() ?? await new Promise<number>((resolve) => this.#waiting.push(resolve))
    this.#taken.add(address)
    return new Uint8Array(this.#buffer, address, bytes)
  }

  give({ byteOffset }: Uint8Array): void {
    invariant(this.#taken.delete(byteOffset), `payload slot ${byteOffset}: must be given back once.`)
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(byteOffset)
    else next(byteOffset)
  }
}
