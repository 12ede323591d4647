import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveStrategy } from '../src/fed/resolve-strategy.ts'
import { zoo } from '../src/model/zoo/index.ts'
import { findRun, parseRun, runNames } from './runs.ts'

const valid = {
  name: 'mine', title: 'Mine', dataset: { name: 'digits' }, model: 'mnist-mlp',
  strategy: { schedule: { type: 'synchronous', examplesPerRound: 64 }, serverOptimizer: { name: 'sgd', learningRate: 0.1 } },
}
const changed = (path: string, value: unknown): unknown => {
  const copy = structuredClone(valid) as Record<string, any>
  const keys = path.split('.')
  const last = keys.pop() as string
  keys.reduce((object, key) => object[key], copy)[last] = value
  return copy
}

describe('named runs', () => {
  it('are these', () => expect([...runNames()].sort()).toEqual([
    'digits-cnn', 'digits-cnn-async', 'digits-fed-avg', 'fedavg-cnn', 'fedavg-cnn-async',
    'mnist-2nn-diloco', 'mnist-2nn-fed-adam', 'mnist-2nn-fed-avg', 'mnist-2nn-fed-buff', 'mnist-2nn-fed-prox', 'mnist-2nn-scaffold',
    'mnist-cnn', 'mnist-cnn-async', 'mnist-mlp', 'mnist-mlp-async', 'mnist-mlp-fedavg', 'mnist-mlp-incremental',
  ]))

  it.each(runNames().map((name) => [name]))('%s is valid and named as its file', async (name) => {
    const run = await findRun(name)
    expect(run.name).toBe(name)
    expect(run.strategy.schedule.type).toBe(name.endsWith('-async') ? 'asynchronous' : name.endsWith('-fed-buff') ? 'buffered' : run.partition === undefined ? 'synchronous' : 'cohort')
    expect(zoo.names()).toContain(run.model)
    expect(() => resolveStrategy(run.strategy, { params: 1_000, batchSize: run.batchSize, trainExamples: run.dataset.trainExamples ?? 20_000, ...(run.partition === undefined ? {} : { parts: run.partition.parts }) })).not.toThrow()
  })
})

describe('run files', () => {
  it('may be given by path', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'runs-')), 'mine.json')
    writeFileSync(path, JSON.stringify(valid))
    expect((await findRun(path)).batchSize).toBe(64)
    writeFileSync(path, '{')
    await expect(findRun(path)).rejects.toThrow(/mine\.json: must be JSON/)
    await expect(findRun('./nowhere.json')).rejects.toThrow(/must be a file that can be read/)
  })

  it('names the nearest run', async () => {
    await expect(findRun('mnist-mpl')).rejects.toThrow('Did you mean "mnist-mlp"?')
  })

  it.each([
    ['epoch', 3, /epoch: must be a known option .*Did you mean "epochs"/],
    ['strategy.schedule.quorm', 0.5, /strategy\.schedule\.quorm: must be a known option \(type, examplesPerRound, deadlineMs, quorum, overSelection\).*"quorum"/],
    ['strategy.serverOptimizer.learningrate', 1, /Did you mean "learningRate"/],
    ['evaluation', { everyExample: 1 }, /evaluation\.everyExample: .*Did you mean "everyExamples"/],
    ['strategy.schedule.type', 'synchronus', /strategy\.schedule\.type: must be one of synchronous, asynchronous, cohort, buffered, semi-synchronous, got "synchronus"\. Did you mean "synchronous"/],
    ['batchSize', '64', /batchSize: must be .*number.*got "64"/],
    ['batchSize', 0, /batchSize: must be .*got 0/],
    ['model', undefined, /model: must be given/],
    ['name', 'Big Name', /name: .*lower-case/],
    ['strategy.serverOptimizer.learningRate', -1, /learningRate: must be >0, got -1/],
  ] as const)('refuses a wrong %s', (path, value, message) => {
    expect(() => parseRun(changed(path, value), 'mine.json')).toThrow(message)
  })

  it('may name a preset, and change parts of it', () => {
    const run = parseRun(changed('strategy', { preset: 'sync-sgd', serverOptimizer: { learningRate: 0.3 } }), '')
    expect(run.strategy).toMatchObject({ schedule: { examplesPerRound: 256 }, serverOptimizer: { name: 'sgd', learningRate: 0.3 } })
    expect(run.strategy).not.toHaveProperty('preset')
    expect(() => parseRun(changed('strategy', { preset: 'sync-sdg' }), '')).toThrow(/Did you mean "sync-sgd"/)
  })

  it('takes a whole one, with defaults', () => expect(parseRun(valid, '')).toMatchObject({ batchSize: 64, seed: 1, epochs: 100, strategy: { codec: 'f32' } }))
})
