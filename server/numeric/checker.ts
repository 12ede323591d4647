// Checks payloads where they lie in the memory that a run's threads share: hash and kernels go through them together, so that
// each is read from memory once. Any number of checkers work at the same time, each on a payload of its own.
import { createHash } from 'node:crypto'
import { WireError } from '../../src/base/errors.ts'
import { ceilDiv } from '../../src/base/math.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import { checkScales } from '../../src/codec/int8.ts'
import { resolveAggregator } from '../../src/fed/aggregators/index.ts'
import { squaredNorm } from '../../src/fed/aggregators/vectors.ts'
import type { Verdict } from '../coordinator/effects.ts'
import type { PayloadPlace } from './calls.ts'
import { checkPayload, NON_FINITE, WRONG_HASH, type CheckSetup } from './check.ts'
import { payloadSizeOf } from './corrections.ts'
import { Inspector } from './inspector.ts'
import { encodingOf, type Encoding } from './kernels.ts'
import type { NumericSetup } from './numeric.ts'
import type { SharedMemory } from './shared-memory.ts'

/** Bytes hashed at a time: they are in the second-level cache still when the kernels look at them. */
const HASHED_BYTES = 256 * 1024

export interface Checked {
  readonly verdict: Verdict
  /** Of the update, where the aggregator scales by it. */
  readonly squaredNorm?: number
}

export class Checker {
  readonly #setup: CheckSetup
  readonly #normSize: number
  readonly #encoding: Encoding | undefined
  readonly #inspector: Inspector | undefined
  readonly #buffer: ArrayBufferLike

  /** `index` is this checker's number among those of the run. */
  constructor(setup: NumericSetup, shared: SharedMemory, index: number) {
    const { bound } = setup.exactSum
    const payloadSize = payloadSizeOf(setup), encoding = encodingOf(setup.codec)
    this.#setup = { codec: resolveCodec(setup.codec).codec, payloadSize, bound }
    this.#normSize = resolveAggregator(setup.aggregator).scalesByNorm === true ? setup.size : 0
    this.#encoding = encoding
    this.#buffer = shared.memory.buffer
    this.#inspector = encoding === undefined ? undefined : new Inspector({ ...shared, encoding, payloadSize, normSize: this.#normSize, bound, index })
  }

  check(payloadHash: string, { address, bytes }: PayloadPlace): Checked {
    const payload = new Uint8Array(this.#buffer, address, bytes)
    const { codec, payloadSize } = this.#setup
    // What has the wrong length is malformed: the plain check says how.
    if (this.#inspector === undefined || payload.length !== codec.payloadBytes(payloadSize)) return this.#checkPlainly(payloadHash, payload)
    const inspector = this.#inspector
    const hash = createHash('sha256')
    inspector.begin(payload)
    for (let at = 0; at < payload.length; at += HASHED_BYTES) {
      hash.update(payload.subarray(at, at + HASHED_BYTES))
      inspector.advance(Math.min(payload.length, at + HASHED_BYTES))
    }
    if (hash.digest('hex') !== payloadHash) return { verdict: WRONG_HASH }
    const malformed = this.#malformation(payload)
    if (malformed !== undefined) return { verdict: { ok: false, code: 'malformed', message: malformed } }
    if (!inspector.finite) return { verdict: NON_FINITE }
    return { verdict: { ok: true, clampedElements: inspector.clamped }, ...(this.#normSize > 0 ? { squaredNorm: inspector.squaredNorm } : {}) }
  }

  #checkPlainly(payloadHash: string, payload: Uint8Array): Checked {
    const { verdict, values } = checkPayload(this.#setup, payloadHash, payload)
    return { verdict, ...(this.#normSize > 0 && values !== undefined ? { squaredNorm: squaredNorm(values.subarray(0, this.#normSize)) } : {}) }
  }

  /** What a payload of the right length can still have wrong. */
  #malformation(payload: Uint8Array): string | undefined {
    const { block } = this.#encoding!
    if (block === 0) return undefined
    try {
      checkScales(new Float32Array(payload.buffer, payload.byteOffset, ceilDiv(this.#setup.payloadSize, block)))
      return undefined
    } catch (error) {
      if (error instanceof WireError) return error.message
      throw error
    }
  }
}
