import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { resolveStrategy } from '../resolve-strategy.ts'
import { StrategySchema } from '../strategy.ts'
import { expandPreset } from './expand.ts'
import { presets } from './index.ts'

const CONTEXT = { params: 1000, batchSize: 64, trainExamples: 60_000, parts: 100 }
const parse = (strategy: unknown) => v.parse(StrategySchema, expandPreset(strategy))

describe.each(presets.entries())('preset %s', (name, preset) => {
  it('is a strategy that runs', () => {
    expect(resolveStrategy(parse({ preset: name }), CONTEXT)).toMatchObject(preset.strategy)
  })

  it('is not what another preset is', () => {
    const others = presets.entries().filter(([other]) => other !== name)
    for (const [, other] of others) expect(other.strategy).not.toEqual(preset.strategy)
  })
})

describe('expanding', () => {
  it('merges changes into objects of the same kind', () => {
    expect(parse({ preset: 'fed-avg', local: { epochs: 5, optimizer: { learningRate: 0.2 } } }).local)
      .toEqual({ type: 'epochs', epochs: 5, batchSize: 10, optimizer: { name: 'sgd', learningRate: 0.2 } })
  })

  it('replaces objects of another kind whole', () => {
    const changed = parse({ preset: 'fed-adam', serverOptimizer: { name: 'sgd', learningRate: 1 }, schedule: { type: 'buffered', bufferSize: 5 } })
    expect(changed.serverOptimizer).toEqual({ name: 'sgd', learningRate: 1 })
    expect(changed.schedule).toEqual({ type: 'buffered', bufferSize: 5, maxStaleness: 16, weighting: { name: 'polynomial', exponent: 0.5 } })
  })

  it('leaves strategies without a preset, and what is no strategy, as they are', () => {
    for (const value of [undefined, 3, [], { local: 1 }]) expect(expandPreset(value)).toBe(value)
    expect(() => expandPreset({ preset: 'fedavg' })).toThrow(/Did you mean "fed-avg"/)
  })
})
