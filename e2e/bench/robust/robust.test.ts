import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadDataset } from '../../../server/datasets.ts'
import { aggregators } from '../../../src/fed/aggregators/index.ts'
import { checkStrategy } from '../../../src/fed/resolve-strategy.ts'
import { createTrialStore } from '../trials/store.ts'
import { createDivider } from '../trials/surroundings.ts'
import { SOFTMAX } from '../trials/test-model.ts'
import { RULES } from './rules.ts'
import { ATTACKS, attackTrial, runOf, VOLUNTEERS, type AttackName } from './trials.ts'

const dir = mkdtempSync(join(tmpdir(), 'robust-'))
afterAll(() => rmSync(dir, { recursive: true }))

const digits = createDivider(() => loadDataset({ name: 'digits', trainExamples: 1_000, testExamples: 200 }, undefined, 1))
let log: string[] = []
const surroundings = { store: createTrialStore(dir), dataset: digits, shouldStop: () => false, log: (line: string) => void log.push(line) }

const ruleOf = (key: string) => RULES.find((rule) => rule.key === key)!
const accuracy = async (rule: string, attack: AttackName): Promise<number> => (await attackTrial(ruleOf(rule), attack, { rounds: 8, model: SOFTMAX }, surroundings))!.curve.at(-1)!.accuracy

describe('robust rules under attack', () => {
  it('are all there are, each able to run as it is asked to', () => {
    expect(new Set(RULES.map(({ aggregator }) => aggregator.name))).toEqual(new Set(aggregators.names()))
    for (const rule of RULES) checkStrategy(runOf(rule, 600).strategy, { params: 199_210, batchSize: 32, trainExamples: 60_000, parts: VOLUNTEERS })
    expect(ATTACKS[0]).toBe('none')
  })

  it('are attacked by those who own the parts with a fair sample, and kept once they have run', async () => {
    const spared = await accuracy('weighted-mean', 'none')
    expect(spared).toBeGreaterThan(0.15)
    expect(await accuracy('weighted-mean', 'float-flip')).toBeLessThan(0.15)
    log = []
    expect(await accuracy('weighted-mean', 'none')).toBe(spared)
    expect(log).toEqual([])
  }, 120_000)
})
