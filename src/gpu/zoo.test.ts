// The gradients of every model of the zoo on WebGPU against those of the CPU runner in double precision; of the two largest, which take that
// 20 seconds each, against the WASM runner's, which zoo.test.ts there holds against the CPU runner's for all others.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { zoo } from '../model/zoo/index.ts'
import { expectGradients, GRADIENT_BATCHES } from '../train/test-gradients.ts'
import { createWasmRunner } from '../wasm/runner.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()

/**
 * How closely the largest agree, relative to each gradient's norm. What f32 makes of ResNet-50 lies 1 to 2% from double precision by either
 * runner, as some of its 50 layers of rectifiers are at their kinks.
 */
const LARGEST: Readonly<Record<string, number>> = { 'char-gpt-mini': 1e-4, 'resnet-50': 0.05 }

describe.skipIf(gpu === undefined)('on WebGPU', () => {
  const errors: string[] = []
  let runner: GpuRunner
  beforeAll(async () => { runner = await createGpuRunner({ gpu: gpu as GPU, tune: false, onUncapturedError: (message) => errors.push(message) }) })
  afterAll(() => runner.dispose())

  it.each(zoo.names().filter((name) => LARGEST[name] === undefined))('%s has the gradients of the CPU runner', async (name) => {
    await expectGradients(runner, zoo.get(name).spec, { batchSize: GRADIENT_BATCHES[name] ?? 2 })
    expect(errors).toEqual([])
  })

  it.each(Object.entries(LARGEST))('%s has the gradients of the WASM runner', async (name, within) => {
    const against = await createWasmRunner({ threads: 2 })
    await expectGradients(runner, zoo.get(name).spec, { batchSize: GRADIENT_BATCHES[name]!, against, within })
    against.dispose()
    expect(errors).toEqual([])
  })
})
