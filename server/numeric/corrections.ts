// The server's side of a run's corrections: their slots, exact means of what comes up beside updates, and the older
// versions that stale gradients are compensated from. All of it is in every checkpoint, and replays to the same bytes.
import { present } from '../../src/base/errors.ts'
import type { Memory } from '../../src/fed/aggregators/aggregator.ts'
import type { Correction } from '../../src/fed/corrections/correction.ts'
import { resolveCorrection } from '../../src/fed/corrections/index.ts'
import { downOf, join, split, upOf } from '../../src/fed/corrections/travelling.ts'
import { addExact, clearExact, createExactSum, exactMean, type ExactSum } from '../../src/fed/exact-sum.ts'
import type { NumericSetup } from './numeric.ts'

/** Of what a checkpoint remembers: `version/3` is the params of version 3, anything else a slot of a correction. */
const VERSION = 'version/'

type Setup = Pick<NumericSetup, 'size' | 'trainedSize' | 'exactSum' | 'corrections' | 'parts' | 'maxStaleness'>

/** What a gradient was computed at, and the model that it is applied to. */
interface Base {
  readonly modelVersion: number
  readonly version: number
  readonly params: Float32Array
}

/** Elements of an update as it travels: the packed update, then what goes up beside it. */
export const payloadSizeOf = ({ size, corrections }: Pick<Setup, 'size' | 'corrections'>): number => size * (1 + upOf(corrections.map(resolveCorrection)).length)

export class ServerCorrections {
  readonly list: readonly Correction[]
  readonly #setup: Setup
  readonly #slots: Readonly<Record<string, Memory>>
  /** Of all arrays that come up, unweighted. */
  readonly #up: ExactSum
  /** Packed params of the versions before the current one that an update may be of, where a correction needs them. */
  readonly #versions = new Map<number, Float32Array>()
  readonly #keepsVersions: boolean

  constructor(setup: Setup) {
    const { size, exactSum, corrections } = setup
    this.#setup = setup
    this.list = corrections.map(resolveCorrection)
    this.#slots = Object.fromEntries(this.list.map(({ name, serverSlots }) => [name, Object.fromEntries(serverSlots.map((slot) => [slot, new Float32Array(size)]))]))
    this.#up = createExactSum(size * upOf(this.list).length, exactSum)
    this.#keepsVersions = this.list.some(({ needs }) => needs.versions === true)
  }

  /** Elements of an update as it travels. */
  get updateSize(): number {
    return this.#setup.size + this.#up.sums.length
  }

  /** What came up beside an update. Any order gives the same. */
  add(up: Float32Array): void {
    if (up.length > 0) addExact(this.#up, up, 1)
  }

  /** Whether `compensate` has anything to do. */
  compensates({ modelVersion, version }: Pick<Base, 'modelVersion' | 'version'>): boolean {
    return this.#keepsVersions && modelVersion !== version
  }

  /** Makes a gradient of `modelVersion` nearly one of the current model, in place. */
  compensate(gradient: Float32Array, { modelVersion, params }: Base): void {
    const { trainedSize, exactSum: { bound } } = this.#setup
    const trained = (packed: Float32Array): Float32Array => packed.subarray(0, trainedSize)
    // Before it is squared: a huge element must not become infinite.
    for (let i = 0; i < gradient.length; i++) gradient[i] = Math.min(bound, Math.max(-bound, gradient[i]!))
    const computedAt = present(this.#versions.get(modelVersion), `params of version ${modelVersion}`)
    for (const correction of this.list) correction.compensate({ gradient: trained(gradient), computedAt: trained(computedAt), current: trained(params) })
  }

  /** Between the aggregator and the server optimizer, of a version made of so many updates. */
  beforeServerStep(combined: Float32Array, updates: number): Float32Array {
    if (this.list.length === 0) return combined
    // A rule may remember what it gave.
    const pseudoGradient = combined.slice()
    const means = split(this.#up.totalWeight > 0 ? exactMean(this.#up) : new Float32Array(0), upOf(this.list), this.list)
    for (const correction of this.list) {
      correction.beforeServerStep({ pseudoGradient, up: means[correction.name]!, fraction: updates / this.#setup.parts, server: this.#slots[correction.name]! })
    }
    clearExact(this.#up)
    return pseudoGradient
  }

  /** Keeps the params of `version`, which is about to be succeeded, and forgets those too old for any update. */
  succeed(version: number, params: Float32Array): void {
    if (!this.#keepsVersions) return
    this.#versions.set(version, params.slice())
    for (const old of this.#versions.keys()) if (old < version + 1 - this.#setup.maxStaleness) this.#versions.delete(old)
  }

  /** Slots that volunteers need beside the params, one behind the other. */
  down(): Float32Array {
    return join(this.#slots, downOf(this.list), this.#setup.size)
  }

  memory(): Memory {
    const slots = this.list.flatMap(({ name, serverSlots }) => serverSlots.map((slot) => [`${name}/${slot}`, this.#slots[name]![slot]!] as const))
    return Object.fromEntries([...slots, ...[...this.#versions].map(([version, params]) => [`${VERSION}${version}`, params] as const)])
  }

  restore(memory: Memory): void {
    for (const [key, values] of Object.entries(memory)) {
      if (key.startsWith(VERSION)) {
        this.#versions.set(Number(key.slice(VERSION.length)), values)
        continue
      }
      const [name, slot] = key.split('/') as [string, string]
      present(this.#slots[name]?.[slot], `slot ${key}`).set(values)
    }
  }
}
