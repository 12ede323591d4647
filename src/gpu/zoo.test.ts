// The gradients of every model of the zoo on WebGPU against those of the CPU runner.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { zoo } from '../model/zoo/index.ts'
import { expectGradientsOfCpu } from '../train/test-gradients.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()

/** Too large for the plain reference, or of a kind that is here in another size or in program.test.ts. */
const LEFT_OUT = ['resnet-50', 'char-gpt-nano', 'char-gpt-micro', 'char-gpt-mini', 'textcnn', 'mnist-mlp', 'mlp-2nn', 'mnist-cnn', 'digits-cnn', 'fedavg-cnn']

describe.skipIf(gpu === undefined)('on WebGPU', () => {
  const errors: string[] = []
  let runner: GpuRunner
  beforeAll(async () => { runner = await createGpuRunner({ gpu: gpu as GPU, tune: false, onUncapturedError: (message) => errors.push(message) }) })
  afterAll(() => runner.dispose())

  it.each(zoo.names().filter((name) => !LEFT_OUT.includes(name)))('%s has the gradients of the CPU runner', async (name) => {
    await expectGradientsOfCpu(runner, name)
    expect(errors).toEqual([])
  })
})
