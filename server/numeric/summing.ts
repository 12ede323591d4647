// The thread that owns a run's sum and model: adds what checkers have passed, and makes versions of it.
import { present } from '../../src/base/errors.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import type { Codec } from '../../src/codec/codec.ts'
import type { Addend } from '../coordinator/effects.ts'
import { Aggregation } from './aggregation.ts'
import type { StoredUpdate } from './calls.ts'
import { payloadSizeOf } from './corrections.ts'
import { KernelSum } from './kernel-sum.ts'
import { encodingOf } from './kernels.ts'
import type { Applied, Checkpoint, NumericSetup, NumericStart, Snapshot } from './numeric.ts'
import type { SharedMemory } from './shared-memory.ts'

interface Opened {
  readonly aggregation: Aggregation
  readonly engine: KernelSum | undefined
  readonly codec: Codec
  readonly payloadSize: number
  readonly buffer: ArrayBufferLike
}

export class Summing {
  #opened: Opened | undefined
  /** Those whose payloads wait in the engine. */
  #unsettled: (() => void)[] = []

  get #open(): Opened {
    return present(this.#opened, 'open sum')
  }

  open(setup: NumericSetup, start: NumericStart, shared: SharedMemory): Snapshot {
    const payloadSize = payloadSizeOf(setup), encoding = encodingOf(setup.codec)
    const engine = shared.layout.sum === undefined ? undefined : new KernelSum({ ...shared, size: setup.size, payloadSize, encoding: present(encoding, 'encoding'), exactSum: setup.exactSum })
    const aggregation = new Aggregation(setup, start, engine)
    this.#opened = { aggregation, engine, codec: resolveCodec(setup.codec).codec, payloadSize, buffer: shared.memory.buffer }
    return aggregation.snapshot()
  }

  /** Resolves when the payload is no longer needed: it may wait for others, to be added with them. */
  accumulate(leaseId: string, addend: Addend, { address, bytes, squaredNorm }: StoredUpdate): Promise<void> {
    const { aggregation, engine, codec, payloadSize, buffer } = this.#open
    const payload = new Uint8Array(buffer, address, bytes)
    let decoded: Float32Array | undefined
    aggregation.keep(leaseId, {
      get values() { return (decoded ??= ownValues(codec, payload, payloadSize)) },
      encoded: engine === undefined ? undefined : payload,
      squaredNorm,
    })
    aggregation.accumulate(leaseId, addend)
    const done = new Promise<void>((resolve) => this.#unsettled.push(resolve))
    if (engine === undefined || engine.waiting === 0) this.#settled()
    // By then all messages that are here have been heard: what they add is added in one pass.
    else if (engine.waiting === 1) setImmediate(() => this.#flush())
    return done
  }

  apply(version: number, scaleUnits: number): Applied {
    const applied = this.#open.aggregation.apply(version, scaleUnits)
    this.#settled()
    return applied
  }

  checkpoint(): Checkpoint {
    return this.#open.aggregation.checkpoint()
  }

  #flush(): void {
    this.#open.engine?.flush()
    this.#settled()
  }

  #settled(): void {
    for (const resolve of this.#unsettled.splice(0)) resolve()
  }
}

function ownValues(codec: Codec, payload: Uint8Array, size: number): Float32Array {
  const values = codec.decode(payload, size)
  return values.buffer === payload.buffer ? values.slice() : values
}
