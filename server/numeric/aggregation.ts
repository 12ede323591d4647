// Owns params, optimizer state and the open sum of a run: checks payloads, adds them exactly, makes the next version.
// Synchronous and without I/O, so that it runs in a worker thread or in a test alike, and always gives the same bytes.
import { invariant, present } from '../../src/base/errors.ts'
import type { Codec } from '../../src/codec/codec.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import type { Aggregator } from '../../src/fed/aggregators/aggregator.ts'
import { resolveAggregator } from '../../src/fed/aggregators/index.ts'
import type { SumEngine } from '../../src/fed/exact-sum.ts'
import { localNormOf, planLocal } from '../../src/fed/local-work.ts'
import { createServerOptimizer, type ServerOptimizer } from '../../src/optim/server-optimizer.ts'
import type { Addend, Verdict } from '../coordinator/effects.ts'
import { checkPayload } from './check.ts'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { ServerCorrections } from './corrections.ts'
import type { Applied, Checkpoint, NumericSetup, NumericStart, Snapshot } from './numeric.ts'
import { sha256 } from '../sha256.ts'

const SCALE_UNITS = 1024

/** An update that has passed its check. */
export interface CheckedUpdate {
  /** As it travelled: the packed update, then what goes up beside it. In memory of its own, decoded when first asked for. */
  readonly values: Float32Array
  /** Its payload, where an engine can add that. */
  readonly encoded?: Uint8Array | undefined
  readonly squaredNorm?: number | undefined
}

export class Aggregation {
  readonly #setup: NumericSetup
  readonly #codec: Codec
  readonly #aggregator: Aggregator
  readonly #optimizer: ServerOptimizer
  readonly #corrections: ServerCorrections
  readonly #sum: unknown
  readonly #params: Float32Array
  readonly #checked = new Map<string, CheckedUpdate>()
  #hash: string | undefined
  #version = 0
  #totalWeight = 0
  #updates = 0

  /** `engine` adds updates of which `encoded` is known. */
  constructor(setup: NumericSetup, start: NumericStart, engine?: SumEngine) {
    this.#setup = setup
    this.#codec = resolveCodec(setup.codec).codec
    this.#aggregator = resolveAggregator(setup.aggregator)
    this.#optimizer = createServerOptimizer(setup.optimizer, setup.trainedSize, setup.learningRateSchedule)
    this.#corrections = new ServerCorrections(setup)
    this.#sum = this.#aggregator.init({ size: setup.size, exactSum: setup.exactSum, seed: setup.seed, engine })
    if ('params' in start) {
      this.#params = start.params.slice()
    } else {
      const { version, params, optimizer, memory, corrections } = decodeCheckpoint(start.checkpoint)
      this.#version = version
      this.#params = params
      this.#aggregator.restore(this.#sum, memory)
      this.#corrections.restore(corrections)
      this.#optimizer.restore({ ...optimizer, slots: Object.fromEntries(Object.entries(optimizer.slots).map(([name, slot]) => [name, slot.subarray(0, setup.trainedSize)])) })
    }
    invariant(this.#params.length === setup.size, `params: must have ${setup.size} elements, got ${this.#params.length}.`)
  }

  /** Verifies and decodes a payload and keeps it under this name. */
  check(leaseId: string, payloadHash: string, payload: Uint8Array): Verdict {
    const { verdict, values } = checkPayload({ codec: this.#codec, payloadSize: this.#corrections.updateSize, bound: this.#setup.exactSum.bound }, payloadHash, payload)
    // A codec may decode to a view, and the payload goes back to be written.
    if (values !== undefined) this.keep(leaseId, { values: values.buffer === payload.buffer ? values.slice() : values })
    return verdict
  }

  /** Keeps an update that was checked elsewhere. */
  keep(leaseId: string, update: CheckedUpdate): void {
    this.#checked.set(leaseId, update)
  }

  discard(leaseId: string): void {
    this.#checked.delete(leaseId)
  }

  accumulate(leaseId: string, { weight, order, numExamples, modelVersion }: Addend): void {
    const update = present(this.#checked.get(leaseId), `checked payload of lease ${leaseId}`)
    this.#checked.delete(leaseId)
    const { size } = this.#setup
    const base = { modelVersion, version: this.#version, params: this.#params }
    const changed = this.#corrections.compensates(base)
    if (changed) this.#corrections.compensate(update.values.subarray(0, size), base)
    if (this.#corrections.updateSize > size) this.#corrections.add(update.values.subarray(size))
    this.#aggregator.add(this.#sum, {
      get values() { return update.values.subarray(0, size) },
      ...(changed ? {} : { encoded: update.encoded, squaredNorm: update.squaredNorm }),
      weight, order, localNorm: this.#localNorm(numExamples),
    })
    this.#totalWeight += weight
    this.#updates++
  }

  /** How many gradients of the start model an update of so many examples amounts to. */
  #localNorm(numExamples: number): number {
    const { local, batchSize } = this.#setup
    return local.type === 'gradient' ? 1 : localNormOf(local, planLocal(local, { numExamples, batchSize }), this.#corrections.list)
  }

  apply(version: number, scaleUnits: number): Applied {
    invariant(version === this.#version + 1, `version: must follow ${this.#version}, got ${version}.`)
    const trained = (packed: Float32Array): Float32Array => packed.subarray(0, this.#setup.trainedSize)
    const pseudoGradient = this.#corrections.beforeServerStep(this.#aggregator.finish(this.#sum, version), this.#updates)
    this.#corrections.succeed(this.#version, this.#params)
    this.#optimizer.step(trained(this.#params), trained(pseudoGradient), scaleUnits / SCALE_UNITS)
    const totalWeight = this.#totalWeight
    this.#aggregator.clear(this.#sum)
    this.#totalWeight = 0
    this.#updates = 0
    this.#version = version
    return { ...this.snapshot(), totalWeight }
  }

  snapshot(): Snapshot {
    const down = this.#corrections.down()
    const whole = new Float32Array(this.#params.length + down.length)
    whole.set(this.#params)
    whole.set(down, this.#params.length)
    const bytes = new Uint8Array(whole.buffer)
    this.#hash = sha256(bytes)
    return { version: this.#version, hash: this.#hash, bytes }
  }

  checkpoint(): Checkpoint {
    const bytes = encodeCheckpoint({ version: this.#version, params: this.#params, optimizer: this.#optimizer.state(), memory: this.#aggregator.memory(this.#sum), corrections: this.#corrections.memory() })
    return { version: this.#version, modelHash: this.#hash ?? this.snapshot().hash, file: sha256(bytes), bytes }
  }
}

