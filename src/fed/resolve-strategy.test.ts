import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { checkStrategy, resolveStrategy } from './resolve-strategy.ts'
import { StrategySchema, type Strategy } from './strategy.ts'

const CONTEXT = { params: 100, batchSize: 64, trainExamples: 1000, parts: 20 }
const SYNCHRONOUS = { type: 'synchronous', examplesPerRound: 256 }
const COHORT = { type: 'cohort', participants: 10, quorum: 0.8 }
const BUFFERED = { type: 'buffered', bufferSize: 8 }
const ASYNCHRONOUS = { type: 'asynchronous', examplesPerLease: 64 }
const STEPS = { type: 'steps', steps: 20, optimizer: { name: 'sgd', learningRate: 0.1 } }
/** Local training on parts of the data. */
const LOCAL = { schedule: COHORT, local: STEPS, work: 'partition' }

const strategy = (extra: object = {}): Strategy => v.parse(StrategySchema, { schedule: SYNCHRONOUS, serverOptimizer: { name: 'sgd', learningRate: 0.1 }, ...extra })

describe('resolveStrategy', () => {
  it('fills defaults', () => {
    expect(resolveStrategy(strategy(), CONTEXT)).toMatchObject({ aggregator: 'weighted-mean', codec: 'f32', schedule: { quorum: 0.5 }, exactSum: { bound: 16, quantumBits: 30 } })
  })

  it('makes a round no larger than an epoch', () => {
    const resolved = resolveStrategy(strategy({ schedule: { type: 'synchronous', examplesPerRound: 5000 } }), CONTEXT)
    expect(resolved.schedule).toMatchObject({ examplesPerRound: 1000 })
  })

  it.each<[string, object, RegExp]>([
    ['an unknown aggregator', { aggregator: 'weighted-meen' }, /Did you mean "weighted-mean"/],
    ['an option that an aggregator does not take', { aggregator: { name: 'krum', f: 1 } }, /aggregator krum\.f: must be a known option/],
    ['an unknown codec', { codec: 'f23' }, /Did you mean "f32"/],
    ['an unknown correction', { ...LOCAL, corrections: [{ name: 'fed-prax' }] }, /Did you mean "fed-prox"/],
    ['an unknown local optimizer', { ...LOCAL, local: { ...STEPS, optimizer: { name: 'sdg', learningRate: 1 } } }, /Did you mean "sgd"/],
    ['a learning rate that waits for a metric', { learningRateSchedule: { name: 'reduce-on-plateau' } }, /must be a function of the step/],
    ['a batch larger than a round', { schedule: { type: 'synchronous', examplesPerRound: 32 } }, /Lower batchSize/],
    ['a sum that would overflow', { exactSum: { bound: 2 ** 14, quantumBits: 40 } }, /quantumBits/],
    ['a rule that compares in an asynchronous schedule', { schedule: ASYNCHRONOUS, aggregator: 'median' }, /compares several.*buffered/],
    ['Krum with too few in a buffer', { ...LOCAL, schedule: BUFFERED, aggregator: { name: 'krum', byzantine: 3 } }, /must get 9 updates at least, got 8.*Raise bufferSize/],
    ['a rule that a quorum starves', { ...LOCAL, schedule: { ...COHORT, quorum: 0.5 }, aggregator: { name: 'trimmed-mean', byzantine: 3 } }, /must get 7 updates at least, got 5.*participants or quorum/],
    ['buckets that leave too few', { ...LOCAL, aggregator: { name: 'krum', byzantine: 1, bucketing: 2 } }, /must get 9 updates at least, got 8.*bucketing/],
    ['a rule that must see each where only sums are seen', { ...LOCAL, privacy: { serverSees: 'sum' }, aggregator: 'krum' }, /Use weighted-mean, or let the server see each/],
    ['sums without rounds', { schedule: ASYNCHRONOUS, privacy: { serverSees: 'sum' } }, /masks cancel only within a round/],
    ['a hinge that never falls', { schedule: { ...ASYNCHRONOUS, weighting: { name: 'hinge', after: 16 } } }, /Lower weighting\.after/],
    ['an unknown weighting', { schedule: { ...ASYNCHRONOUS, weighting: { name: 'hindge' } } }, /Did you mean "hinge"/],
    ['FedNova on gradients', { aggregator: 'nova-mean' }, /Use weighted-mean/],
    ['FedNova with steps it cannot weigh', { ...LOCAL, aggregator: 'nova-mean', local: { ...STEPS, optimizer: { name: 'adam', learningRate: 0.1 } } }, /must be one of sgd, momentum, nesterov/],
    ['FedProx on gradients', { corrections: [{ name: 'fed-prox' }] }, /Set local\.type to "steps"/],
    ['SCAFFOLD with an optimizer it does not know', { ...LOCAL, corrections: [{ name: 'scaffold' }], local: { ...STEPS, optimizer: { name: 'adam', learningRate: 0.1 } } }, /local\.optimizer: must be sgd/],
    ['SCAFFOLD on shipped examples', { local: STEPS, corrections: [{ name: 'scaffold' }] }, /Set work to "partition"/],
    ['SCAFFOLD without rounds', { ...LOCAL, schedule: BUFFERED, corrections: [{ name: 'scaffold' }] }, /Use cohort/],
    ['SCAFFOLD with a codec that loses', { ...LOCAL, codec: 'f16', corrections: [{ name: 'scaffold' }] }, /set codec\.errorFeedback to true/],
    ['FedDyn with another server optimizer', { ...LOCAL, serverOptimizer: { name: 'adam', learningRate: 0.1 }, corrections: [{ name: 'fed-dyn' }] }, /serverOptimizer: must be sgd/],
    ['delay compensation without delay', { corrections: [{ name: 'delay-compensation' }] }, /Use asynchronous/],
    ['delay compensation of trained models', { ...LOCAL, schedule: BUFFERED, corrections: [{ name: 'delay-compensation' }] }, /Set local\.type to "gradient"/],
    ['a correction named twice', { ...LOCAL, corrections: [{ name: 'fed-prox', mu: 1 }, { name: 'fed-prox' }] }, /Remove one of them/],
    ['error feedback on what loses nothing', { codec: { name: 'f32', errorFeedback: true } }, /loses nothing/],
    ['examples without a lease size', { schedule: BUFFERED, local: STEPS }, /schedule\.examplesPerLease: must be given/],
    ['a cohort of an unknown number', { schedule: { type: 'cohort', examplesPerLease: 64 }, local: STEPS }, /schedule\.participants: must be given/],
    ['a lease size on parts of the data', { ...LOCAL, schedule: { ...COHORT, examplesPerLease: 64 } }, /Remove it, or set work to "examples"/],
    ['rounds of examples on parts of the data', { work: 'partition' }, /schedule\.type to "cohort"/],
    ['more participants than parts', { ...LOCAL, schedule: { ...COHORT, participants: 21 } }, /at most the 20 parts/],
  ])('refuses %s, naming the remedy', (_, extra, message) => {
    expect(() => resolveStrategy(strategy(extra), CONTEXT)).toThrow(ConfigError)
    expect(() => resolveStrategy(strategy(extra), CONTEXT)).toThrow(message)
  })

  it.each<[string, object]>([
    ['Krum in a large enough cohort', { ...LOCAL, aggregator: { name: 'krum', byzantine: 2 } }],
    ['SCAFFOLD with error feedback', { ...LOCAL, codec: { name: 'int8', errorFeedback: true }, corrections: [{ name: 'scaffold' }] }],
    ['FedProx and a weighted buffer', { ...LOCAL, schedule: BUFFERED, corrections: [{ name: 'fed-prox', mu: 1 }] }],
    ['sums in rounds', { ...LOCAL, privacy: { serverSees: 'sum' } }],
    ['ticks', { ...LOCAL, schedule: { type: 'semi-synchronous', tickMs: 1000 } }],
    ['delay compensation', { schedule: ASYNCHRONOUS, corrections: [{ name: 'delay-compensation' }] }],
  ])('lets %s pass', (_, extra) => {
    expect(checkStrategy(strategy(extra), CONTEXT)).toMatchObject(extra)
  })
})

describe('what does not run yet', () => {
  it.each<[string, object, RegExp]>([
    ['own data', { ...LOCAL, work: 'own' }, /strategy\.work/],
    ['sums', { privacy: { serverSees: 'sum' } }, /privacy\.serverSees/],
  ])('%s are refused in plain words', (_, extra, message) => {
    expect(() => resolveStrategy(strategy(extra), CONTEXT)).toThrow(ConfigError)
    expect(() => resolveStrategy(strategy(extra), CONTEXT)).toThrow(message)
  })

  it('does not include codecs, clipped means and weightings', () => {
    for (const extra of [{ codec: 'f16' }, { codec: { name: 'int8', blockSize: 64 } }, { aggregator: { name: 'norm-bounded-mean', norm: 1 } }, { schedule: { ...ASYNCHRONOUS, weighting: { name: 'hinge' } } }]) {
      expect(resolveStrategy(strategy(extra), CONTEXT)).toMatchObject(extra)
    }
  })
})
