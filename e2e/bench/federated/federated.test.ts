import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadDataset } from '../../../server/datasets.ts'
import { createTrialStore } from '../trials/store.ts'
import { createDivider } from '../trials/surroundings.ts'
import { chart, ticks } from '../trials/chart.ts'
import { SOFTMAX } from '../trials/test-model.ts'
import { lastAccuracy } from './compare.ts'
import { tuneCell } from './tune.ts'

const dir = mkdtempSync(join(tmpdir(), 'federated-'))
afterAll(() => rmSync(dir, { recursive: true }))

const digits = createDivider(() => loadDataset({ name: 'digits', trainExamples: 1_000, testExamples: 200 }, undefined, 1))

describe('tuning a cell', () => {
  it('tries the grid, gives up what cannot win, and goes on where it was stopped', async () => {
    let asked = 0
    const cell = { name: 'tiny', title: 'tiny', published: 4, target: 0.4, batchSize: 10, by: 'iid', centre: 0.1, evaluateEvery: 1 } as const
    const variant = { name: 'softmax', title: 'softmax', plan: { model: SOFTMAX } }
    const log: string[] = []
    const surroundings = { store: createTrialStore(dir), dataset: digits, log: (line: string) => void log.push(line) }
    const stopped = await tuneCell(cell, { ...surroundings, shouldStop: () => asked++ > 8 }, variant)
    expect(stopped.finished).toBe(false)
    const begun = log.length
    const tuned = await tuneCell(cell, { ...surroundings, shouldStop: () => false }, variant)
    expect(tuned.finished).toBe(true)
    expect(log.length - begun).toBe(tuned.rates.length - stopped.rates.length)
    expect(tuned.rates.length).toBeGreaterThanOrEqual(5)
    for (const { rounds, record } of tuned.rates) {
      expect(record.rounds).toBeLessThanOrEqual(5)
      if (rounds !== undefined) expect(rounds).toBeGreaterThanOrEqual(tuned.best!.rounds!)
    }
  }, 120_000)
})

describe('comparing strategies', () => {
  it('counts the mean of the last five rounds, and nothing of what diverged', () => {
    const curve = Array.from({ length: 20 }, (_, i) => ({ round: i + 1, accuracy: i < 10 ? 0 : 0.5 + (i % 2) / 10 }))
    expect(lastAccuracy({ outcome: 'rounds', curve })).toBeCloseTo(0.56, 12)
    expect(lastAccuracy({ outcome: 'diverged', curve })).toBe(0)
  })
})

describe('charts', () => {
  it('have round ticks and every line', () => {
    expect(ticks(0.8, 1)).toEqual([0.8, 0.85, 0.9, 0.95, 1])
    expect(ticks(0, 830)).toEqual([0, 200, 400, 600, 800])
    const svg = chart([{ name: 'a & b', points: [{ round: 1, accuracy: 0.5 }, { round: 2, accuracy: 1 }] }], { title: 't', x: 'rounds', from: 0, to: 1 })
    expect(svg).toContain('a &amp; b')
    expect(svg.match(/points="([^"]*)"/)?.[1]).toBe('333.0,206.0 610.0,36.0')
  })
})
