// The parts of the command line that need no network: stop conditions, progress, reports, stored runs, addresses.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import type { RunStatus } from '../../src/wire/dashboard.ts'
import { createStubRun, stubStatus } from '../stub-run.ts'
import { describeAddresses } from './addresses.ts'
import { openEach } from './coordinate.ts'
import { createProgress, describeStatus } from './progress.ts'
import { createReport } from './report.ts'
import { parseStopCondition } from './stop-condition.ts'
import { storedRun, storedRunNames } from './stored-run.ts'

const status: RunStatus = { ...stubStatus('mnist-mlp-1'), examples: 12_800, modelVersion: 50, evaluation: { loss: 0.2, accuracy: 0.95, examples: 10_000, modelVersion: 48 } }
const { evaluation: _, ...unevaluated } = status

describe('--stop', () => {
  it.each([
    ['accuracy>=0.95', true], ['accuracy>=0.951', false], [' loss <= 0.2 ', true], ['loss<=0.19', false], ['rounds>=50', true], ['rounds>=51', false], ['examples>=12800', true],
  ] as const)('%s is %s', (text, met) => expect(parseStopCondition(text).isMet(status)).toBe(met))

  it('is not met before there is an evaluation', () => expect(parseStopCondition('loss<=9').isMet(unevaluated)).toBe(false))

  it.each([
    ['acuracy>=0.9', /must be one of accuracy>=NUMBER, .* Did you mean "accuracy>="/],
    ['accuracy<=0.9', /Did you mean "accuracy>="/],
    ['accuracy>=97', /0\.97 is 97%/],
    ['loss<=x', /with a number/],
    ['', /must be one of/],
  ] as const)('refuses %j', (text, message) => expect(() => parseStopCondition(text)).toThrow(message))
})

describe('progress', () => {
  const output = (isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } => {
    let text = ''
    return { stream: { isTTY, columns: 30, write: (chunk: string) => { text += chunk; return true } } as unknown as NodeJS.WriteStream, text: () => text }
  }

  it('prints a line every few seconds where there is no terminal', () => {
    const { stream, text } = output(false)
    let nowMs = 0
    const progress = createProgress(stream, () => nowMs)
    for (; nowMs < 11_000; nowMs += 500) progress.update(`at ${nowMs}`)
    progress.end()
    expect(text()).toBe('at 0\nat 5000\nat 10000\nat 10500\n')
  })

  it('redraws one short line in a terminal, and keeps what is said', () => {
    const { stream, text } = output(true)
    const progress = createProgress(stream)
    progress.update('x'.repeat(50))
    progress.say('hello')
    expect(text()).toBe(`\r\x1b[2K${'x'.repeat(29)}\r\x1b[2Khello\n\r\x1b[2K${'x'.repeat(29)}`)
  })

  it('says what matters of a run', () => {
    expect(describeStatus(status)).toBe('mnist-mlp-1  epoch 1  version 50  accuracy 95.00%  loss 0.2000  12,800 examples  0/s  0 volunteers  0.0 MB up, 0.0 MB down')
    expect(describeStatus({ ...status, state: 'waiting', reason: { code: 'waiting' } })).toContain('waiting (for a volunteer: ')
  })
})

it('reports with the keys that scripts know', () => {
  const report = createReport({ run: 'mnist-mlp', status, curve: [{ seconds: 1, examples: 64, modelVersion: 1, trainLoss: 2 }, { seconds: 2.00049, examples: 128, modelVersion: 2, loss: 0.3, accuracy: 0.9 }], wallSeconds: 10 })
  expect(report).toEqual({
    run: 'mnist-mlp', params: 4, modelVersion: 50, wallSeconds: 10, examples: 12_800, examplesPerSecond: 1_280, bytesUp: 0, bytesDown: 0,
    evaluation: { loss: 0.2, accuracy: 0.95, examples: 10_000 }, volunteers: [], curve: [{ seconds: 2, examples: 128, loss: 0.3, accuracy: 0.9 }],
  })
  expect(createReport({ run: 'x', status: unevaluated, curve: [], wallSeconds: 0 }).evaluation).toBeNull()
})

describe('a stored run', () => {
  const { config, dataset: manifest } = createStubRun('mine')
  const stateDir = mkdtempSync(join(tmpdir(), 'state-'))
  const options = { stateDir, config, manifest, fresh: false }

  it('goes on under its id, and gets another one when begun anew', () => {
    expect(storedRunNames(stateDir)).toEqual([])
    const first = storedRun(options)
    expect(first).toMatchObject({ resumed: false, runId: expect.stringMatching(/^mine-[0-9a-f]{6}$/) })
    expect(storedRun(options)).toEqual({ ...first, resumed: true })
    const anew = storedRun({ ...options, fresh: true })
    expect(anew.resumed).toBe(false)
    expect(anew.runId).not.toBe(first.runId)
    expect(storedRunNames(stateDir)).toEqual(['mine'])
  })

  it('refuses another configuration or other data, naming the difference', () => {
    expect(() => storedRun({ ...options, config: { ...config, epochs: 3 } })).toThrow(/got epochs 3 where it was 100\. Start with --fresh/)
    expect(() => storedRun({ ...options, manifest: { ...manifest, classes: 11 } })).toThrow(/other data/)
  })
})

describe('addresses', () => {
  const options = { protocol: 'http', port: 8787, host: '127.0.0.1', controlToken: 'abc', trustProxy: false } as const

  it('carry the token in the fragment, which never leaves the browser', () => {
    expect(describeAddresses(options)).toContain('http://localhost:8787/dashboard#token=abc')
    expect(describeAddresses(options)).toContain('add --https')
  })

  it('tell others what their browser will say', () => {
    const certificate = { cert: '', key: '', selfSigned: true, fingerprint: 'AA:BB' }
    const text = describeAddresses({ ...options, protocol: 'https', host: '192.168.1.5', certificate })
    expect(text).toContain('https://192.168.1.5:8787/')
    expect(text).toMatch(/connection is not private[\s\S]*AA:BB/)
    expect(describeAddresses({ ...options, trustProxy: true })).toContain('your proxy')
  })
})

describe('several runs', () => {
  const configs = ['first', 'second', 'third'].map((name) => createStubRun(name).config)
  const open = (...broken: readonly string[]) => async ({ name }: { readonly name: string }): Promise<string> => {
    if (broken.includes(name)) throw new ConfigError(`${name}: must be whole.`)
    return name
  }

  it('are opened where one cannot be, which is said', async () => {
    const said: string[] = []
    expect(await openEach({ configs, say: (text) => said.push(text) }, open('second'))).toEqual(['first', 'third'])
    expect(said).toEqual(['\nLeft out, as it cannot be opened: second: must be whole.'])
  })

  it('are refused where none can be opened, or one is named twice', async () => {
    const say = (): never => { throw new Error('nothing is to be said') }
    await expect(openEach({ configs: configs.slice(0, 2), say }, open('first', 'second'))).rejects.toThrow(/^first: must be whole\.\nsecond: must be whole\.$/)
    await expect(openEach({ configs: [...configs, configs[1]!], say }, open())).rejects.toThrow(/--run: must name each run once, got second twice/)
  })

  it('do not hide what is a bug', async () => {
    await expect(openEach({ configs, say: () => {} }, async () => { throw new TypeError('a bug') })).rejects.toThrow('a bug')
  })
})
