// What `commonweight tune` measures: the kernels that training by the recipe runs, no fewer.
import { expect, it } from 'vitest'
import { compile, createCpuRunner, type EngineOptions, type Runner } from '../../src/engine.ts'
import type { Storage } from '../../src/graph/compile.ts'
import type { KernelCall } from '../../src/graph/plan.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import { callsOf } from './tune.ts'

const kinds = (calls: readonly KernelCall[]): readonly string[] => [...new Set(calls.map(({ kernel, dims }) => `${kernel.name} ${JSON.stringify(dims)}`))]

/** What the engine loads, never to be run. */
async function loaded(name: string, options: EngineOptions): Promise<readonly KernelCall[]> {
  const runner = createCpuRunner()
  const calls: KernelCall[] = []
  const listening: Runner = { ...runner, load: (plans) => (calls.push(...plans.flatMap((plan) => plan.calls)), runner.load(plans)) }
  await compile(name, { ...options, runner: listening })
  return calls
}

it.each<[string, Storage, number]>([['char-gpt-pico', 'f32', 1], ['char-gpt-pico', 'f16', 1], ['digits-cnn', 'f16', 2]])('of %s in %s all that the engine runs, of several batches a step too', async (name, storage, accumulate) => {
  const measured = kinds(callsOf(zoo.get(name), { batchSize: 2, storage }))
  expect(measured).toEqual(expect.arrayContaining([...kinds(await loaded(name, { batchSize: 2, storage, accumulate }))]))
})

it('clips where the recipe does', () => {
  const names = (model: string): readonly string[] => callsOf(zoo.get(model), { batchSize: 1, storage: 'f32' }).map(({ kernel }) => kernel.name)
  expect(names('char-gpt-pico')).toEqual(expect.arrayContaining(['gradient-squares', 'clip-scales']))
  expect(names('mnist-mlp')).not.toContain('clip-scales')
})
