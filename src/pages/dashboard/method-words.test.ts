import { beforeEach, describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { presets } from '../../fed/presets/index.ts'
import { StrategySchema } from '../../fed/strategy.ts'
import type { RunConfig } from '../../wire/run-config.ts'
import { catalogue, setLanguage, type Language } from '../catalogue/index.ts'
import { describeMethod } from './method-words.ts'

const configOf = (strategy: unknown, more: Partial<RunConfig> = {}): RunConfig => ({ batchSize: 64, strategy: v.parse(StrategySchema, strategy), ...more }) as RunConfig
const words = (config: RunConfig, updateBytes = 4_000): Record<string, string> => Object.fromEntries(describeMethod({ config, params: 1_000, updateBytes }).map(([axis, phrase]) => [axis, phrase(catalogue())]))

describe.each<Language>(['en', 'zh'])('a strategy in words, %s', (language) => {
  beforeEach(() => setLanguage(language))

  it.each(presets.entries().map(([name, { strategy }]) => [name, strategy] as const))('says something of every axis of %s', (_, strategy) => {
    for (const [axis, sentence] of Object.entries(words(configOf(strategy, { partition: { parts: 100, by: { name: 'dirichlet', alpha: 0.1 } } })))) {
      expect(sentence.trim(), axis).not.toBe('')
      expect(sentence, axis).not.toMatch(/undefined|NaN|Infinity|\[object/)
    }
  })
})

it('names what matters', () => {
  setLanguage('en')
  const config = configOf({ ...presets.get('fed-prox').strategy, codec: { name: 'int8', errorFeedback: true } }, { partition: { parts: 100, by: { name: 'dirichlet', alpha: 0.1 } } })
  expect(words(config, 1_016)).toMatchObject({
    schedule: expect.stringContaining('10 participants'), data: expect.stringContaining('Dirichlet distribution (alpha 0.10)'), local: 'Passes over its examples: 1, in batches of 10, by SGD at learning rate 0.1.',
    corrections: expect.stringContaining('FedProx'), serverOptimizer: 'SGD at learning rate 1', codec: expect.stringContaining('3.9 times smaller'),
  })
  expect(words({ ...config, storage: 'f16' })['local']).toMatch(/learning rate 0.1\. On the way it is stored in 16 bits/)
  const plain = configOf({ schedule: { type: 'semi-synchronous', tickMs: 2_500, examplesPerLease: 64 }, serverOptimizer: { name: 'sgd', learningRate: 0.1 }, corrections: [{ name: 'new-one' }] })
  expect(words(plain)).toMatchObject({ schedule: expect.stringContaining('Every 2.5 s'), data: expect.stringContaining('Handed out'), corrections: 'new-one', codec: expect.not.stringContaining('smaller') })
})
