// Strategies are stored in logs, and a run goes on only with the very one it was begun with: what a run file of an earlier
// version says must parse to the same bytes for ever.
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { StrategySchema } from './strategy.ts'

const parsed = (strategy: unknown): string => JSON.stringify(v.parse(StrategySchema, strategy))

describe('strategies of earlier logs', () => {
  it('synchronous', () => expect(parsed({ schedule: { type: 'synchronous', examplesPerRound: 256 }, serverOptimizer: { name: 'adam', learningRate: 0.003 } })).toBe(
    '{"schedule":{"type":"synchronous","examplesPerRound":256,"deadlineMs":20000,"quorum":0.5},"local":{"type":"gradient"},"aggregator":"weighted-mean","serverOptimizer":{"name":"adam","learningRate":0.003},"learningRateSchedule":{"name":"constant"},"privacy":{"serverSees":"each"},"codec":"f32","exactSum":{"bound":16,"quantumBits":30}}'))

  it('asynchronous', () => expect(parsed({ schedule: { type: 'asynchronous', examplesPerLease: 64 }, serverOptimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 0.01 } })).toBe(
    '{"schedule":{"type":"asynchronous","examplesPerLease":64,"maxStaleness":16,"stalenessExponent":0.5},"local":{"type":"gradient"},"aggregator":"weighted-mean","serverOptimizer":{"name":"sgd","learningRate":0.1,"weightDecay":0.01},"learningRateSchedule":{"name":"constant"},"privacy":{"serverSees":"each"},"codec":"f32","exactSum":{"bound":16,"quantumBits":30}}'))
})

it('parses what it has parsed to the same again', () => {
  const strategy = {
    schedule: { type: 'buffered', bufferSize: 4 }, local: { type: 'epochs', epochs: 2, batchSize: 'all', optimizer: { name: 'sgd', learningRate: 0.1 } },
    aggregator: { name: 'krum', byzantine: 2 }, codec: { name: 'int8', errorFeedback: true }, serverOptimizer: { name: 'sgd', learningRate: 1 },
  }
  expect(parsed(JSON.parse(parsed(strategy)))).toBe(parsed(strategy))
})
