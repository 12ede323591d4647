import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { resolveStrategy } from './resolve-strategy.ts'
import { StrategySchema } from './strategy.ts'

const CONTEXT = { params: 100, batchSize: 64, trainExamples: 1000 }
const strategy = (extra: object = {}): v.InferOutput<typeof StrategySchema> =>
  v.parse(StrategySchema, { schedule: { type: 'synchronous', examplesPerRound: 256 }, serverOptimizer: { name: 'sgd', learningRate: 0.1 }, ...extra })

describe('resolveStrategy', () => {
  it('fills defaults', () => {
    const resolved = resolveStrategy(strategy(), CONTEXT)
    expect(resolved).toMatchObject({ aggregator: 'weighted-mean', codec: 'f32', schedule: { quorum: 0.5 }, exactSum: { bound: 16, quantumBits: 30 } })
  })

  it('makes a round no larger than an epoch', () => {
    const resolved = resolveStrategy(strategy({ schedule: { type: 'synchronous', examplesPerRound: 5000 } }), CONTEXT)
    expect(resolved.schedule).toMatchObject({ examplesPerRound: 1000 })
  })

  it.each([
    ['an unknown aggregator', { aggregator: 'weighted-meen' }, /Did you mean "weighted-mean"/],
    ['an unknown codec', { codec: 'f23' }, /Did you mean "f32"/],
    ['a batch larger than a round', { schedule: { type: 'synchronous', examplesPerRound: 32 } }, /Lower batchSize/],
    ['a sum that would overflow', { exactSum: { bound: 2 ** 14, quantumBits: 40 } }, /quantumBits/],
  ])('refuses %s, naming the remedy', (_, extra, message) => {
    expect(() => resolveStrategy(strategy(extra), CONTEXT)).toThrow(ConfigError)
    expect(() => resolveStrategy(strategy(extra), CONTEXT)).toThrow(message)
  })
})
