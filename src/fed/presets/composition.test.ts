// Every preset from end to end, with nothing but the pure pieces: volunteers whose losses are quadratics that differ, local
// training, corrections, codec, aggregator, server optimizer. This is the order in which a coordinator puts them together.
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createRng, type Rng } from '../../base/rng.ts'
import { encodeOwing } from '../../codec/error-feedback.ts'
import { resolveCodec } from '../../codec/index.ts'
import { createServerOptimizer, type ServerOptimizer } from '../../optim/server-optimizer.ts'
import type { Aggregator, Memory, WeightedUpdate } from '../aggregators/aggregator.ts'
import { resolveAggregator } from '../aggregators/index.ts'
import { plainMean } from '../aggregators/vectors.ts'
import { addTerm, sumTerms, type Correction } from '../corrections/correction.ts'
import { resolveCorrection } from '../corrections/index.ts'
import { drawCohort } from '../cohort.ts'
import { WEIGHT_UNIT, weightUnits } from '../exact-sum.ts'
import { learningRateSum, localNormOf, planLocal } from '../local-work.ts'
import { checkStrategy } from '../resolve-strategy.ts'
import { asynchronousWeight, resolveStaleness } from '../staleness.ts'
import { StrategySchema, type Strategy } from '../strategy.ts'
import { expandPreset } from './expand.ts'
import { presets } from './index.ts'

const SIZE = 8, CLIENTS = 12, EXAMPLES = 50, WORST_STALENESS = 3

interface Client {
  readonly curvature: Float32Array
  readonly optimum: Float32Array
  /** Of corrections, by the correction's name. */
  own: Record<string, Memory>
  /** Lost by a lossy codec, where that is made good. */
  owed: Float32Array | undefined
}

interface Sent {
  readonly update: WeightedUpdate
  readonly up: Readonly<Record<string, Memory>>
}

/** A coordinator and its volunteers, one version at a time. */
class Federation {
  readonly #strategy: Strategy
  readonly #rng: Rng
  readonly #clients: readonly Client[]
  readonly #corrections: readonly Correction[]
  readonly #server: Readonly<Record<string, Memory>>
  readonly #aggregator: Aggregator
  readonly #sum: unknown
  readonly #optimizer: ServerOptimizer
  readonly #reversed: boolean
  /** Every version so far, the newest last. */
  readonly versions: Float32Array[] = [new Float32Array(SIZE)]
  #grants = 0

  constructor(written: object, reversed = false) {
    const strategy = checkStrategy(v.parse(StrategySchema, expandPreset(written)), { params: SIZE, batchSize: 10, trainExamples: CLIENTS * EXAMPLES, parts: CLIENTS })
    const { errorFeedback } = resolveCodec(strategy.codec)
    this.#strategy = strategy
    this.#reversed = reversed
    this.#rng = createRng('composition')
    this.#corrections = (strategy.corrections ?? []).map(resolveCorrection)
    const zeros = (pick: 'volunteerSlots' | 'serverSlots') => Object.fromEntries(this.#corrections.map((correction) => [correction.name, Object.fromEntries(correction[pick].map((name) => [name, new Float32Array(SIZE)]))]))
    this.#server = zeros('serverSlots')
    this.#clients = Array.from({ length: CLIENTS }, () => ({
      curvature: Float32Array.from({ length: SIZE }, () => 0.5 + this.#rng.uniform()),
      optimum: Float32Array.from({ length: SIZE }, () => 2 + this.#rng.normal()),
      own: zeros('volunteerSlots'),
      owed: errorFeedback ? new Float32Array(SIZE) : undefined,
    }))
    this.#aggregator = resolveAggregator(strategy.aggregator)
    this.#sum = this.#aggregator.init({ size: SIZE, exactSum: strategy.exactSum, seed: 1 })
    this.#optimizer = createServerOptimizer(strategy.serverOptimizer, SIZE, strategy.learningRateSchedule)
  }

  get params(): Float32Array {
    return this.versions.at(-1)!
  }

  distance(): number {
    const optimum = this.params.map((_, i) => {
      const weights = this.#clients.reduce((sum, { curvature }) => sum + curvature[i]!, 0)
      return this.#clients.reduce((sum, { curvature, optimum: own }) => sum + curvature[i]! * own[i]!, 0) / weights
    })
    return Math.hypot(...this.params.map((param, i) => param - optimum[i]!))
  }

  makeVersion(): void {
    const { schedule } = this.#strategy
    const chosen = drawCohort({ seed: 1, round: this.versions.length, parts: CLIENTS, participants: this.#versionSize() })
    const sent = chosen.map((client) => this.#lease(this.#clients[client]!))
    for (const { update } of this.#reversed ? sent.toReversed() : sent) this.#aggregator.add(this.#sum, update)
    const pseudoGradient = this.#aggregator.finish(this.#sum, this.versions.length)
    this.#aggregator.clear(this.#sum)
    for (const correction of this.#corrections) {
      const up = Object.fromEntries(correction.up.map((name) => [name, plainMean(sent.map((one) => one.up[correction.name]![name]!))]))
      correction.beforeServerStep({ pseudoGradient, up, fraction: chosen.length / CLIENTS, server: this.#server[correction.name]! })
    }
    const next = this.params.slice()
    this.#optimizer.step(next, pseudoGradient, schedule.type === 'asynchronous' ? sent[0]!.update.weight * WEIGHT_UNIT : 1)
    this.versions.push(next)
  }

  #versionSize(): number {
    const { schedule } = this.#strategy
    return schedule.type === 'asynchronous' ? 1 : schedule.type === 'cohort' ? Math.min(CLIENTS, schedule.participants ?? CLIENTS) : schedule.type === 'buffered' ? schedule.bufferSize : CLIENTS
  }

  /** Grant, local work, encoding, decoding, acceptance. */
  #lease(client: Client): Sent {
    const { schedule, codec: choice } = this.#strategy
    const order = this.#grants++
    const staleness = schedule.type === 'synchronous' || schedule.type === 'cohort' ? 0 : Math.min(this.versions.length - 1, this.#rng.integer(WORST_STALENESS + 1))
    const anchor = this.versions.at(-1 - staleness)!
    const { values, localNorm: norm, up, own } = this.#train(client, anchor)
    const { codec } = resolveCodec(choice)
    const rng = createRng(`lease/${order}`)
    const { payload, owed } = client.owed === undefined ? { payload: codec.encode(values, rng), owed: undefined } : encodeOwing(codec, { values, owed: client.owed, rng })
    const decoded = codec.decode(payload, SIZE).slice()
    client.owed = owed
    client.own = own
    for (const correction of this.#corrections) correction.compensate({ gradient: decoded, computedAt: anchor, current: this.params })
    return { update: { values: decoded, weight: this.#weight(staleness), order, localNorm: norm }, up }
  }

  #weight(staleness: number): number {
    const { schedule } = this.#strategy
    switch (schedule.type) {
      case 'synchronous':
      case 'cohort': return EXAMPLES
      case 'asynchronous': return asynchronousWeight({ ...schedule, staleness, numExamples: schedule.examplesPerLease })
      case 'buffered':
      case 'semi-synchronous': return weightUnits(resolveStaleness(schedule.weighting)(staleness))
    }
  }

  #train(client: Client, anchor: Float32Array): { values: Float32Array; localNorm: number; up: Record<string, Memory>; own: Record<string, Memory> } {
    const { local } = this.#strategy
    const gradient = (params: Float32Array): Float32Array => params.map((param, i) => client.curvature[i]! * (param - client.optimum[i]!))
    if (local.type === 'gradient') return { values: gradient(anchor), localNorm: 1, up: {}, own: client.own }
    const plan = planLocal(local, { numExamples: EXAMPLES, batchSize: 10 })
    const optimizer = createServerOptimizer(local.optimizer, SIZE)
    const term = sumTerms(this.#corrections.map(({ name, pull, drift }) => ({ pull, drift: drift(client.own[name]!, this.#server[name]!) })))
    const params = anchor.slice()
    for (let step = 0; step < plan.steps; step++) {
      const corrected = gradient(params)
      addTerm(corrected, term, { params, anchor })
      optimizer.step(params, corrected)
    }
    const pseudoGradient = anchor.map((value, i) => value - params[i]!)
    const up: Record<string, Memory> = {}, own: Record<string, Memory> = {}
    for (const correction of this.#corrections) {
      const after = correction.afterLocal({ pseudoGradient, learningRateSum: learningRateSum(local, plan), own: client.own[correction.name]!, down: this.#server[correction.name]! })
      up[correction.name] = after.up
      own[correction.name] = after.own
    }
    return { values: pseudoGradient, localNorm: localNormOf(local, plan, this.#corrections), up, own }
  }
}

/** Distance to the optimum as a part of the distance in the beginning. */
function train(written: object, versions: number): number {
  const federation = new Federation(written)
  const start = federation.distance()
  for (let version = 0; version < versions; version++) federation.makeVersion()
  return federation.distance() / start
}

describe.each(presets.names())('preset %s', (name) => {
  // Presets that take many local steps are there sooner.
  const versions = ['diloco', 'model-average'].includes(name) ? 40 : 400

  it('trains', () => expect(train({ preset: name }, versions)).toBeLessThan(0.25))

  it('makes the same bytes whatever order updates arrive in', () => {
    const one = new Federation({ preset: name }), other = new Federation({ preset: name }, true)
    for (let version = 0; version < 5; version++) {
      one.makeVersion()
      other.makeVersion()
      expect(other.params).toEqual(one.params)
    }
    expect(one.params).not.toEqual(one.versions[0])
  })
})

describe('combinations', () => {
  it.each<[string, object]>([
    ['int8 with error feedback', { preset: 'fed-avg', codec: { name: 'int8', errorFeedback: true } }],
    ['SCAFFOLD over f16 with error feedback', { preset: 'scaffold', codec: { name: 'f16', errorFeedback: true } }],
    ['the median of a cohort', { preset: 'fed-avg', aggregator: 'median' }],
    ['multi-Krum in a buffer', { preset: 'fed-buff', aggregator: { name: 'multi-krum', byzantine: 2 } }],
    ['centered clipping in buckets', { preset: 'fed-avg', aggregator: { name: 'centered-clipping', bucketing: 2, tau: 2 } }],
    ['FedProx, FedNova and Adam', { preset: 'fed-nova', corrections: [{ name: 'fed-prox', mu: 0.1 }], serverOptimizer: { name: 'adam', learningRate: 0.05 } }],
    ['compensated delays', { preset: 'async-sgd', corrections: [{ name: 'delay-compensation', lambda: 0.1 }] }],
    ['ticks', { preset: 'fed-buff', schedule: { type: 'semi-synchronous', tickMs: 1000 } }],
  ])('%s train', (_, written) => expect(train(written, 400)).toBeLessThan(0.25))
})
