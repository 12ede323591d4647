// The engine under Node begins with what was found fastest on this machine before, and improves on it when it is asked to.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compile, type EngineModel, type ModelSpec } from '../engine-node.ts'
import { disguise, testGpu } from './test-gpu.ts'
import { tuningPath } from './tuning-file.ts'

const gpu = await testGpu()
const spec: ModelSpec = { name: 'tiny', inputs: { x: [16] }, nodes: [{ name: 'hidden', layer: 'dense', options: { units: 8, activation: 'relu' } }, { name: 'out', layer: 'dense', options: { units: 4 } }], output: 'out' }

describe.skipIf(gpu === undefined)('the engine under Node', () => {
  const before = process.env['XDG_CACHE_HOME']
  beforeEach(() => { process.env['XDG_CACHE_HOME'] = mkdtempSync(join(tmpdir(), 'engine-')) })
  afterEach(() => {
    rmSync(process.env['XDG_CACHE_HOME']!, { recursive: true })
    if (before === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = before
  })

  it('remembers on a GPU what it measured, and goes on measuring in idle times', async () => {
    disguise(gpu!, 'A person\'s GPU')
    const doing = new Set<string>()
    const open = (): Promise<EngineModel> => compile(spec, { batchSize: 4, onProgress: (_, what) => { doing.add(what.split(' ')[0]!) } })
    const remembered = (): readonly { readonly complete: boolean }[] => Object.values(JSON.parse(readFileSync(tuningPath(), 'utf8')) as Record<string, string>).map((text) => JSON.parse(text))
    const first = await open()
    expect(first.adapter).toMatchObject({ name: 'A person\'s GPU', software: false })
    expect(doing).toContain('tuning')
    const complete = (): number => remembered().filter((row) => row.complete).length
    const known = complete()
    while (complete() === known && await first.improve(200));
    expect(complete()).toBeGreaterThan(known)
    first.dispose()
    doing.clear()
    const second = await open()
    expect(doing).not.toContain('tuning')
    await second.train(new Float32Array(64), Uint32Array.of(0, 1, 2, 3))
    expect((await second.trainingMetrics()).loss).toBeCloseTo(Math.log(4), 3)
    second.dispose()
  })
})
