// The tuner on a real device: the fastest right row wins, a wrong one never does, and winners are remembered.
import { describe, expect, it } from 'vitest'
import type { KernelCall } from '../graph/plan.ts'
import type { Algorithm, Kernel } from '../kernels/kernel.ts'
import { accumulate } from '../kernels/accumulate.ts'
import { reduce } from '../kernels/reduce.ts'
import { openDevice } from './device.ts'
import { createPipelines } from './pipelines.ts'
import { testGpu } from './test-gpu.ts'
import { costInStep, costOfFirst, startersOf, type MeasuredRow } from './row-costs.ts'
import { createTuner } from './tuner.ts'
import type { TuningStore } from './tuning-store.ts'

const gpu = await testGpu()
const opened = gpu === undefined ? undefined : await openDevice(gpu)

const right = accumulate.algorithms.find(({ name }) => name === 'scalar')!
/** Very fast, as it leaves most of the work undone. */
const wrong: Algorithm = { ...right, name: 'wrong', grid: () => [1, 1, 1] }
/** Hundreds of thousands of workgroups of one invocation: tens of times slower, so that a busy machine cannot hide it. */
const slow: Algorithm = { ...right, name: 'slow', variants: [{ X: 1, WIDTH: 1 }] }
const kernel: Kernel = { ...accumulate, name: 'accumulate-for-test', algorithms: [slow, wrong, { ...right, variants: [{ X: 64, WIDTH: 1 }] }], probes: [{ SIZE: 1000 }] }
const call: KernelCall = { kernel, dims: { SIZE: 400_000 }, views: {}, label: 'test' }

function memoryStore(): TuningStore & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>()
  return { entries, get: async (key) => entries.get(key), set: async (key, value) => { entries.set(key, value) } }
}

describe('what a row costs', () => {
  const short = { ms: 3, compileMs: 50 }
  const long = { ms: 2, compileMs: 150 }

  it('counts compiling, by what it wins in twenty seconds of steps', () => {
    expect(costInStep(long, 1, 1_000)).toBeGreaterThan(costInStep(short, 1, 1_000))
    expect(costInStep(long, 10, 1_000)).toBeLessThan(costInStep(short, 10, 1_000))
    expect(costInStep(long, 1, 100)).toBeLessThan(costInStep(short, 1, 100))
  })

  it('counts compiling like running on both cores in a first step', () => {
    expect(costOfFirst(short, 1)).toBeLessThan(costOfFirst(long, 1))
    expect(costOfFirst(short, 60)).toBeGreaterThan(costOfFirst(long, 60))
  })

  it('is its time alone on a GPU', () => {
    expect(costInStep(long, 1, 0)).toBe(2)
    expect(costInStep(short, 2, 0)).toBe(6)
  })
})

describe('what a first step begins with', () => {
  const rowOf = (name: string, ms: number, compiled: Readonly<Record<string, number>>): MeasuredRow => ({
    variant: { algorithm: { ...right, name }, consts: {} }, ms,
    compileMs: Object.values(compiled).reduce((sum, each) => sum + each, 0),
    compiled: Object.entries(compiled).map(([code, each]) => ({ code, ms: each })),
  })
  const names = (kinds: readonly (readonly MeasuredRow[])[], calls = 1): readonly string[] =>
    [...startersOf(kinds.map((rows) => ({ rows, calls }))).values()].map(({ variant }) => variant.algorithm.name)

  it('is for each kind by itself the row that compiles and runs soonest', () => {
    expect(names([[rowOf('long', 20, { a: 300 }), rowOf('short', 50, { b: 100 })]])).toEqual(['short'])
    expect(names([[rowOf('long', 20, { a: 300 }), rowOf('short', 50, { b: 100 })]], 9)).toEqual(['long'])
  })

  it('shares a pipeline where that costs less in all, though not for one kind alone', () => {
    const kind = (own: string): readonly MeasuredRow[] => [rowOf(own, 50, { [own]: 200 }), rowOf('shared', 60, { shared: 210 })]
    expect(names([kind('a')])).toEqual(['a'])
    expect(names([kind('a'), kind('b')])).toEqual(['shared', 'shared'])
  })

  it('agrees on which pipeline to share', () => {
    const kind = (wide: number, narrow: number): readonly MeasuredRow[] => [rowOf('wide', wide, { wide: 300 }), rowOf('narrow', narrow, { narrow: 200 })]
    expect(new Set(names([kind(50, 90), kind(60, 80)])).size).toBe(1)
  })

  it('takes what an earlier visit measured as it is', () => {
    expect(names([[{ variant: { algorithm: { ...right, name: 'known' }, consts: {} }, ms: 10, compileMs: 50 }, rowOf('fresh', 10, { b: 60 })]])).toEqual(['known'])
  })
})

describe.skipIf(opened === undefined)('the tuner', () => {
  const { device, capabilities, fingerprint } = opened ?? ({} as NonNullable<typeof opened>)
  const tuner = (store?: TuningStore, tune = true) =>
    createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, tune, budgetMs: 60_000, ...(store === undefined ? {} : { store }) })

  it('picks the fastest row that is right, and remembers it', async () => {
    const store = memoryStore()
    const choose = await tuner(store).choose([call])
    expect(choose(call).variant.algorithm.name).toBe('scalar')
    expect(choose(call).ms).toBeGreaterThan(0)
    const [key, value] = [...store.entries][0]!
    expect(key).toContain('accumulate-for-test')
    expect((JSON.parse(value) as { compileMs: number }).compileMs).toBeGreaterThan(0)
    // What is remembered is taken without measuring: here a row that measuring would not choose.
    store.entries.set(key, value.replace('"scalar"', '"slow"').replace('"X":64', '"X":1'))
    expect((await tuner(store).choose([call]))(call).variant.algorithm.name).toBe('slow')
  })

  it('begins with the row remembered to start sooner, and goes over to the best in idle time', async () => {
    const store = memoryStore()
    await tuner(store).choose([call])
    const [key, value] = [...store.entries][0]!
    store.entries.set(key, JSON.stringify({ ...JSON.parse(value) as object, starter: { algorithm: 'slow', consts: { X: 1, WIDTH: 1 }, ms: 9, compileMs: 1 } }))
    const again = tuner(store)
    const choose = await again.choose([call])
    expect(choose(call).variant.algorithm.name).toBe('slow')
    expect(await again.improve(60_000)).toBe(false)
    expect(choose(call).variant.algorithm.name).toBe('scalar')
  })

  it('takes the first row unmeasured where tuning is off', async () => {
    const store = memoryStore()
    expect((await tuner(store, false).choose([call]))(call)).toEqual({ variant: { algorithm: slow, consts: { X: 1, WIDTH: 1 } } })
    expect(store.entries.size).toBe(0)
  })

  it('takes the likeliest row where the budget is spent, and finds the fastest later', async () => {
    const store = memoryStore()
    const late = createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, store, budgetMs: 0 })
    const choose = await late.choose([call])
    expect(choose(call)).toEqual({ variant: { algorithm: slow, consts: { X: 1, WIDTH: 1 } } })
    expect(await late.improve(60_000)).toBe(false)
    expect(choose(call).variant.algorithm.name).toBe('scalar')
    expect(late.measured()[0]!.rows.map(({ variant }) => variant.algorithm.name)).toContain('wrong')
    expect((await tuner(store, true).choose([call]))(call).variant.algorithm.name).toBe('scalar')
  })

  it('goes on with what is left, a budget at a time', async () => {
    const late = createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, budgetMs: 0 })
    const other = { ...call, dims: { SIZE: 100_000 } }
    await late.choose([call, other])
    expect(await late.improve(0)).toBe(true)
    let calls = 0
    while (await late.improve(20)) expect(++calls).toBeLessThan(200)
    expect(late.measured()).toHaveLength(2)
  })

  it('forgets what was measured with another second dispatch', async () => {
    const store = memoryStore()
    const late = (each: Kernel): Promise<unknown> => createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, store, budgetMs: 0 })
      .choose([{ kernel: each, dims: reduce.probes[0]!, views: {}, label: 'test' }])
    const algorithm = reduce.algorithms.find(({ finish }) => finish !== undefined)!
    const plain: Algorithm = { ...algorithm, fits: () => true, suits: 'software' }
    await late({ ...reduce, algorithms: [plain] })
    await late({ ...reduce, algorithms: [plain] })
    expect(store.entries.size).toBe(1)
    await late({ ...reduce, algorithms: [{ ...plain, finish: { ...plain.finish!, shader: 'kernels/gemm/add-splits.wgsl' } }] })
    expect(store.entries.size).toBe(2)
  })

  it('ignores a remembered row that no longer exists', async () => {
    const store = memoryStore()
    await tuner(store).choose([call])
    const [key, value] = [...store.entries][0]!
    store.entries.set(key, value.replace('"scalar"', '"gone"'))
    expect((await tuner(store).choose([call]))(call).variant.algorithm.name).toBe('scalar')
    const starters = ['null', '1', '{}', '{"algorithm":"slow","consts":null}'].map((starter) => value.replace('"complete"', `"starter":${starter},"complete"`))
    for (const broken of ['', 'null', '{"algorithm":"scalar"}', '[1', ...starters]) {
      store.entries.set(key, broken)
      expect((await tuner(store).choose([call]))(call).variant.algorithm.name).toBe('scalar')
    }
  })
})
