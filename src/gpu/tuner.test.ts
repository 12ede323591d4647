// The tuner on a real device: the fastest right row wins, a wrong one never does, and winners are remembered.
import { describe, expect, it } from 'vitest'
import { WrongResultsError, type KernelCall } from '../graph/plan.ts'
import type { Algorithm, Grid, Kernel, OneDispatch } from '../kernels/kernel.ts'
import { accumulate } from '../kernels/accumulate.ts'
import { reduce } from '../kernels/reduce.ts'
import { openDevice } from './device.ts'
import { createPipelines } from './pipelines.ts'
import { testGpu } from './test-gpu.ts'
import { costInStep, costOfFirst, startersOf, type Candidate, type Starting } from './row-costs.ts'
import { createTuner } from './tuner.ts'
import type { TuningStore } from './tuning-store.ts'

const gpu = await testGpu()
const opened = gpu === undefined ? undefined : await openDevice(gpu)

const right = accumulate.algorithms.find(({ name }) => name === 'scalar') as OneDispatch
/** Leaves some of the work undone. */
const less = ([x, y, z]: Grid): Grid => (y > 1 ? [x, y - 1, z] : [Math.floor(x / 2), y, z])
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
  const rowOf = (row: string, ms: number, compiled: Readonly<Record<string, number>>): Candidate<string> =>
    ({ row, ms, compiled: Object.entries(compiled).map(([code, each]) => ({ code, ms: each })) })
  const starters = (kinds: readonly (readonly Candidate<string>[])[], calls = 1): readonly string[] => [...startersOf<string, Starting<string>>(kinds.map((candidates) => ({ candidates, calls }))).values()]

  it('is for each kind by itself the row that compiles and runs soonest', () => {
    expect(starters([[rowOf('long', 20, { a: 300 }), rowOf('short', 50, { b: 100 })]])).toEqual(['short'])
    expect(starters([[rowOf('long', 20, { a: 300 }), rowOf('short', 50, { b: 100 })]], 9)).toEqual(['long'])
  })

  it('shares a pipeline where that costs less in all, though not for one kind alone', () => {
    const kind = (own: string): readonly Candidate<string>[] => [rowOf(own, 50, { [own]: 200 }), rowOf('shared', 60, { shared: 210 })]
    expect(starters([kind('a')])).toEqual(['a'])
    expect(starters([kind('a'), kind('b')])).toEqual(['shared', 'shared'])
  })

  it('agrees on which pipeline to share', () => {
    const kind = (wide: number, narrow: number): readonly Candidate<string>[] => [rowOf('wide', wide, { wide: 300 }), rowOf('narrow', narrow, { narrow: 200 })]
    expect(new Set(starters([kind(50, 90), kind(60, 80)])).size).toBe(1)
  })

  it('pays nothing for what a kind without a choice compiles anyway', () => {
    expect(starters([[rowOf('fixed', 0, { shared: 0 })], [rowOf('own', 50, { own: 100 }), rowOf('shared', 60, { shared: 300 })]])).toEqual(['fixed', 'shared'])
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

  it.skipIf(capabilities?.software !== true)('remembers what later visits begin with, never a row that is wrong', async () => {
    const store = memoryStore()
    // Both wrong ones start sooner than what is right.
    const broken: Kernel = { ...kernel, name: 'accumulate-broken', algorithms: [{ ...wrong, name: 'wrong too' }, wrong, { ...right, variants: [{ X: 64, WIDTH: 1 }] }] }
    const again = createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, store })
    await again.choose([{ ...call, kernel: broken }])
    while (await again.improve(1_000));
    expect(again.measured()[0]!.rows.map(({ variant }) => variant.algorithm.name)).toContain('wrong too')
    expect(JSON.parse([...store.entries.values()][0]!)).toMatchObject({ algorithm: 'scalar', complete: true })
    expect([...store.entries.values()].join()).not.toContain('wrong')
  })

  it.skipIf(capabilities?.software !== true)('keeps what it began with while it measures on', async () => {
    const store = memoryStore()
    await tuner(store).choose([call])
    await tuner(store).improve(60_000)
    const [key, value] = [...store.entries][0]!
    const starter = { algorithm: 'slow', consts: { X: 1, WIDTH: 1 }, ms: 2, compileMs: 0 }
    store.entries.set(key, JSON.stringify({ ...JSON.parse(value) as object, ms: 1, compileMs: 500, starter, complete: false }))
    const again = tuner(store)
    await again.choose([call])
    while (await again.improve(1_000));
    expect(JSON.parse(store.entries.get(key)!)).toMatchObject({ algorithm: 'scalar', starter: { algorithm: 'slow' }, complete: true })
  })

  /** Wrong and faster than all others; wrong and slow; right, and not timed beside the first as its sibling is far behind. */
  const misleading: Kernel = { ...kernel, name: 'accumulate-misleading', algorithms: [wrong, { ...right, name: 'mixed', variants: [{ X: 1, WIDTH: 1 }, { X: 64, WIDTH: 1 }], grid: (d, c) => (c['X'] === 1 ? less(right.grid(d, c)) : right.grid(d, c)) }] }

  it('never keeps a row that is wrong, though it passed over the right one beside it', async () => {
    const again = createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, budgetMs: 60_000 })
    const asked = { ...call, kernel: misleading }
    const choose = await again.choose([asked])
    expect(choose(asked).variant).toMatchObject({ algorithm: { name: 'mixed' }, consts: { X: 64 } })
    while (await again.improve(1_000));
    expect(choose(asked)).toMatchObject({ variant: { algorithm: { name: 'mixed' }, consts: { X: 64 } }, ms: expect.any(Number) as number })
  })

  it('goes back to what it passed over beside a wrong row, where a slow one is right', async () => {
    const again = createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, budgetMs: 60_000 })
    const asked = { ...call, kernel: { ...kernel, name: 'accumulate-eclipsed', algorithms: [wrong, { ...right, name: 'mixed', variants: [{ X: 1, WIDTH: 1 }, { X: 64, WIDTH: 1 }] }] } }
    const choose = await again.choose([asked])
    expect(choose(asked).variant.consts).toEqual({ X: 64, WIDTH: 1 })
    expect(await again.improve(60_000)).toBe(false)
  })

  it('says so where no row is right', async () => {
    const broken: Kernel = { ...kernel, name: 'accumulate-all-wrong', algorithms: [wrong, { ...wrong, name: 'wrong too' }] }
    const eager = tuner()
    await expect(eager.choose([{ ...call, kernel: broken }])).rejects.toThrow(WrongResultsError)
    await expect(eager.choose([{ ...call, kernel: broken }])).rejects.toThrow(WrongResultsError)
    await expect(eager.improve(1_000)).rejects.toThrow(WrongResultsError)
    await expect(eager.choose([call])).resolves.toBeDefined()
    const late = createTuner({ device, pipelines: createPipelines(device), capabilities, fingerprint, budgetMs: 0 })
    await late.choose([{ ...call, kernel: broken }])
    await expect(late.improve(60_000)).rejects.toThrow(/all 6 rows.*WebAssembly/)
  })

  it('proves the only row there is, when nobody waits', async () => {
    const store = memoryStore()
    const only = async (algorithm: Algorithm): Promise<boolean> => {
      const late = tuner(store)
      await late.choose([{ ...call, kernel: { ...kernel, name: `accumulate-only-${algorithm.name}`, algorithms: [{ ...algorithm, variants: algorithm.variants.slice(0, 1) }] } }])
      return late.improve(60_000)
    }
    expect(await only(right)).toBe(false)
    expect([...store.entries.values()].map((text) => JSON.parse(text) as object)).toMatchObject([{ algorithm: 'scalar', complete: true }])
    await expect(only(wrong)).rejects.toThrow(WrongResultsError)
  })

  it('takes what is right of one call for right of another only where probes like it say so', async () => {
    const fickle: Algorithm = { ...right, name: 'fickle', grid: (d, c) => (d['ODD'] === 1 ? [1, 1, 1] : right.grid(d, c)) }
    const probes = [0, 1].flatMap((ODD) => [1000, 500].map((SIZE) => ({ SIZE, ODD })))
    const mixed: Kernel = { ...kernel, name: 'accumulate-fickle', algorithms: [fickle, slow], probes }
    const calls = [0, 1].map((ODD) => ({ ...call, kernel: mixed, dims: { ...call.dims, ODD } }))
    const choose = await tuner().choose(calls)
    expect(calls.map((each) => choose(each).variant.algorithm.name)).toEqual(['fickle', 'slow'])
  })

  it('takes a right row unmeasured where there is no memory to measure in', async () => {
    let full = false
    const poor = new Proxy(device, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        if (key === 'popErrorScope') return async () => await target.popErrorScope() ?? (full ? { message: 'no room' } : null)
        if (key === 'createBuffer') return (descriptor: GPUBufferDescriptor) => (full = descriptor.size >= 1_600_000, target.createBuffer(descriptor))
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const late = createTuner({ device: poor, pipelines: createPipelines(device), capabilities, fingerprint, budgetMs: 0 })
    const asked = { ...call, kernel: { ...kernel, name: 'accumulate-without-room', algorithms: [wrong, right] } }
    const choose = await late.choose([asked])
    expect(choose(asked).variant.algorithm.name).toBe('wrong')
    expect(await late.improve(60_000)).toBe(false)
    expect(choose(asked)).toMatchObject({ variant: { algorithm: { name: 'scalar' } } })
    expect(late.measured()).toEqual([])
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
    const algorithm = reduce.algorithms.find((each) => 'dispatches' in each)!
    const plain = { ...algorithm, fits: () => true, suits: 'software' as const }
    await late({ ...reduce, algorithms: [plain] })
    await late({ ...reduce, algorithms: [plain] })
    expect(store.entries.size).toBe(1)
    await late({ ...reduce, algorithms: [{ ...plain, dispatches: (d, c) => plain.dispatches(d, c).map((dispatch, i) => (i === 0 ? dispatch : { ...dispatch, shader: 'kernels/gemm/add-splits.wgsl' })) }] })
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
