// The choice of a runner, over runners whose speed is made up.
import { describe, expect, it } from 'vitest'
import type { AdapterDescription, Plan, Program, Runner } from '../graph/plan.ts'
import { chooseRunner, type ChooseOptions, type RunnerStore } from './choose-runner.ts'

const PLAN: Plan = { name: 'gradient', allocations: [], calls: [], inputs: {}, outputs: {}, peakBytes: 0 }

/** A clock that moves by `stepMs` at each run of a fake. */
function world(): { now: () => number; runner: (adapter: AdapterDescription, stepMs: number, log: string[], tunedMs?: number) => Runner } {
  let nowMs = 0
  return {
    now: () => nowMs,
    runner: (adapter, stepMs, log, tunedMs = stepMs) => ({
      adapter, lost: new Promise(() => {}), dispose: () => { log.push(`dispose ${adapter.runner}`) },
      load: async () => {
        log.push(`load ${adapter.runner}`)
        let ms = stepMs
        const improve = async (budgetMs: number): Promise<boolean> => { log.push(`tune ${adapter.runner}`); nowMs += budgetMs; ms = tunedMs; return false }
        return { run: () => { nowMs += ms }, settled: async () => {}, improve, dispose: () => {} } as unknown as Program
      },
    }),
  }
}

const gpu = (software: boolean): AdapterDescription => ({ runner: 'gpu', name: 'fake', software })
const wasm: AdapterDescription = { runner: 'wasm', name: 'WebAssembly', software: true }

interface Made {
  readonly runner: Runner
  readonly log: readonly string[]
}

async function choose(options: Partial<ChooseOptions> & { software?: boolean; gpuMs?: number; tunedMs?: number; wasmMs?: number }): Promise<Made> {
  const { now, runner } = world()
  const log: string[] = []
  const { software = true, gpuMs = 10, tunedMs = gpuMs, wasmMs = 1, ...rest } = options
  const clock = { now, after: () => () => {} } as ChooseOptions['clock']
  const chosen = await chooseRunner({ choice: 'auto', clock, gpu: async () => runner(gpu(software), gpuMs, log, tunedMs), wasm: async () => runner(wasm, wasmMs, log), ...rest })
  return { runner: chosen, log }
}

const named = (name: string): Error => Object.assign(new Error(name), { name })
const failing = (name: string) => async (): Promise<Runner> => { throw named(name) }

describe('chooseRunner', () => {
  it('takes a hardware GPU without measuring', async () => {
    const { runner, log } = await choose({ software: false, gpuMs: 100 })
    expect([runner.adapter.runner, runner.adapter.because, log]).toEqual(['gpu', 'hardware', []])
  })

  it.each([['NoWebGpuError', 'no-webgpu'], ['NoAdapterError', 'no-gpu']])('takes WebAssembly on %s', async (error, because) => {
    const { runner } = await choose({ gpu: failing(error) })
    expect([runner.adapter.runner, runner.adapter.because]).toEqual(['wasm', because])
  })

  it('does not hide other errors, nor fall back where a GPU was asked for', async () => {
    await expect(choose({ gpu: failing('TypeError') })).rejects.toThrow('TypeError')
    await expect(choose({ choice: 'gpu', gpu: failing('NoAdapterError') })).rejects.toThrow('NoAdapterError')
  })

  it.each([[10, 1, 'wasm'], [2, 1, 'wasm'], [1, 2, 'gpu']])('measures an emulated GPU (%d ms) against WebAssembly (%d ms) on the Plan: %s', async (gpuMs, wasmMs, winner) => {
    const { runner, log } = await choose({ gpuMs, wasmMs })
    await runner.load([PLAN])
    expect([runner.adapter.runner, runner.adapter.because]).toEqual([winner, 'faster'])
    expect(log.at(-1)).toBe(`load ${winner}`)
    expect(log).toContain(`dispose ${winner === 'gpu' ? 'wasm' : 'gpu'}`)
  })

  it('tunes an emulated GPU before it is given up, where tuning may be enough', async () => {
    const near = await choose({ gpuMs: 20, tunedMs: 8, wasmMs: 10 })
    await near.runner.load([PLAN])
    expect([near.runner.adapter.runner, near.log.includes('tune gpu')]).toEqual(['gpu', true])
    const far = await choose({ gpuMs: 40, tunedMs: 8, wasmMs: 10 })
    await far.runner.load([PLAN])
    expect([far.runner.adapter.runner, far.log.includes('tune gpu')]).toEqual(['wasm', false])
  })

  it('remembers the measurement', async () => {
    const kept = new Map<string, string>()
    const store: RunnerStore = { get: async (key) => kept.get(key), set: async (key, value) => { kept.set(key, value) } }
    await (await choose({ store })).runner.load([PLAN])
    const again = await choose({ store })
    await again.runner.load([PLAN])
    expect(again.log).toEqual(['dispose gpu', 'load wasm'])
  })
})
