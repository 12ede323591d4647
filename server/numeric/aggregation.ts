// Owns params, optimizer state and the open sum of a run: checks payloads, adds them exactly, makes the next version.
// Synchronous and without I/O, so that it runs in a worker thread or in a test alike, and always gives the same bytes.
import { invariant, present, WireError } from '../../src/base/errors.ts'
import type { Codec } from '../../src/codec/codec.ts'
import { resolveCodec } from '../../src/codec/index.ts'
import type { Aggregator } from '../../src/fed/aggregators/aggregator.ts'
import { resolveAggregator } from '../../src/fed/aggregators/index.ts'
import { localNormOf, planLocal } from '../../src/fed/local-work.ts'
import { createServerOptimizer, type ServerOptimizer } from '../../src/optim/server-optimizer.ts'
import type { Addend, Verdict } from '../coordinator/effects.ts'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { ServerCorrections } from './corrections.ts'
import type { Applied, Checkpoint, NumericSetup, NumericStart, Snapshot } from './numeric.ts'
import { sha256 } from '../sha256.ts'

const SCALE_UNITS = 1024

export class Aggregation {
  readonly #setup: NumericSetup
  readonly #codec: Codec
  readonly #aggregator: Aggregator
  readonly #optimizer: ServerOptimizer
  readonly #corrections: ServerCorrections
  readonly #sum: unknown
  readonly #params: Float32Array
  readonly #checked = new Map<string, Float32Array>()
  #version = 0
  #totalWeight = 0
  #updates = 0

  constructor(setup: NumericSetup, start: NumericStart) {
    this.#setup = setup
    this.#codec = resolveCodec(setup.codec).codec
    this.#aggregator = resolveAggregator(setup.aggregator)
    this.#optimizer = createServerOptimizer(setup.optimizer, setup.trainedSize, setup.learningRateSchedule)
    this.#corrections = new ServerCorrections(setup)
    this.#sum = this.#aggregator.init({ size: setup.size, exactSum: setup.exactSum, seed: setup.seed })
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

  check(leaseId: string, payloadHash: string, payload: Uint8Array): Verdict {
    if (sha256(payload) !== payloadHash) return { ok: false, code: 'wrong-hash', message: 'payload: must have the announced SHA-256; it was damaged on the way.' }
    let values: Float32Array
    try {
      // A codec may decode to a view, and the payload goes back to be written.
      const decoded = this.#codec.decode(payload, this.#corrections.updateSize)
      values = decoded.buffer === payload.buffer ? decoded.slice() : decoded
    } catch (error) {
      if (error instanceof WireError) return { ok: false, code: 'malformed', message: error.message }
      throw error
    }
    const { finite, clamped } = inspect(values, this.#setup.exactSum.bound)
    if (!finite) return { ok: false, code: 'non-finite', message: 'payload: must hold finite numbers only.' }
    this.#checked.set(leaseId, values)
    return { ok: true, clampedElements: clamped }
  }

  discard(leaseId: string): void {
    this.#checked.delete(leaseId)
  }

  accumulate(leaseId: string, { weight, order, numExamples, modelVersion }: Addend): void {
    const checked = present(this.#checked.get(leaseId), `checked payload of lease ${leaseId}`)
    this.#checked.delete(leaseId)
    const values = checked.subarray(0, this.#setup.size)
    this.#corrections.compensate(values, { modelVersion, version: this.#version, params: this.#params })
    this.#corrections.add(checked.subarray(this.#setup.size))
    this.#aggregator.add(this.#sum, { values, weight, order, localNorm: this.#localNorm(numExamples) })
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
    return { version: this.#version, hash: sha256(bytes), bytes }
  }

  checkpoint(): Checkpoint {
    const bytes = encodeCheckpoint({ version: this.#version, params: this.#params, optimizer: this.#optimizer.state(), memory: this.#aggregator.memory(this.#sum), corrections: this.#corrections.memory() })
    return { version: this.#version, modelHash: this.snapshot().hash, file: sha256(bytes), bytes }
  }
}


function inspect(values: Float32Array, bound: number): { finite: boolean; clamped: number } {
  let clamped = 0
  // x - x is 0 for finite x and NaN otherwise, so one sum tells of all.
  let nan = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    nan += value - value
    if (value > bound || value < -bound) clamped++
  }
  return { finite: nan === 0, clamped }
}
