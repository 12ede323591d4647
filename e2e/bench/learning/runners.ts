// Where the learning benchmark computes: all runners that exist here, or the one that trains this very model fastest.
import { ConfigError } from '../../../src/base/errors.ts'
import { compile, createCpuRunner, createGpuRunner, type Runner } from '../../../src/engine.ts'
import { NO_VULKAN_REMEDY, nodeGpu } from '../../../src/gpu/node-gpu.ts'
import { createWasmRunner } from '../../../src/wasm/runner.ts'
import type { Lesson } from './task.ts'

export const RUNNERS = ['auto', 'gpu', 'wasm', 'cpu'] as const
export type RunnerName = (typeof RUNNERS)[number]

const TUNE_BUDGET_MS = 20_000
const TIMED_STEPS = 3

export async function openRunner(name: RunnerName, lesson: Lesson, log: (line: string) => void): Promise<Runner> {
  if (name !== 'auto') {
    const runner = await open(name)
    if (runner === undefined) throw new ConfigError(`--runner: must be able to run ${name} here, got no WebGPU adapter. ${NO_VULKAN_REMEDY}`)
    return runner
  }
  const timed: { readonly runner: Runner; readonly ms: number }[] = []
  for (const each of ['gpu', 'wasm'] as const) {
    const runner = await open(each)
    if (runner !== undefined) timed.push({ runner, ms: await stepMs(runner, lesson) })
  }
  timed.sort((a, b) => a.ms - b.ms)
  const [fastest, ...others] = timed
  if (fastest === undefined) return createCpuRunner()
  log(`on ${timed.map(({ runner, ms }) => `${runner.adapter.name} (${ms.toFixed(0)} ms a step)`).join(' rather than ')}`)
  for (const { runner } of others) runner.dispose()
  return fastest.runner
}

async function open(name: Exclude<RunnerName, 'auto'>): Promise<Runner | undefined> {
  if (name === 'cpu') return createCpuRunner()
  if (name === 'wasm') return createWasmRunner()
  const gpu = await nodeGpu()
  return gpu === undefined ? undefined : createGpuRunner({ gpu, tuneBudgetMs: TUNE_BUDGET_MS })
}

async function stepMs(runner: Runner, { model: { spec, recipe }, batch }: Lesson): Promise<number> {
  const model = await compile(spec, { ...recipe, runner })
  await model.train(batch(0))
  await model.trainingMetrics()
  const start = performance.now()
  for (let step = 1; step <= TIMED_STEPS; step++) await model.train(batch(step))
  await model.trainingMetrics()
  model.dispose()
  return (performance.now() - start) / TIMED_STEPS
}
