// Random models over all layers: their gradients on WebGPU are those of the CPU runner, which are TensorFlow.js's (train/tfjs.test.ts).
// Always the same 40; FUZZ_COUNT and FUZZ_SEED ask for others (train/test-fuzz.ts).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layers } from '../model/layers/index.ts'
import { fuzzCount, fuzzSeed, isFuzzLong } from '../train/test-fuzz.ts'
import { expectGradients } from '../train/test-gradients.ts'
import { randomSpec } from '../train/test-random-spec.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()
const USUAL = 40
const SPECS = Array.from({ length: fuzzCount(USUAL) }, (_, i) => randomSpec(fuzzSeed('webgpu', i)))

describe.skipIf(gpu === undefined)('random models on WebGPU', () => {
  const errors: string[] = []
  let runner: GpuRunner
  beforeAll(async () => { runner = await createGpuRunner({ gpu: gpu as GPU, tune: false, onUncapturedError: (message) => errors.push(message) }) })
  afterAll(() => runner.dispose())

  it.each(SPECS.map((spec) => [`${spec.name}: ${spec.nodes.map(({ layer }) => layer).join(' ')}`, spec] as const))('%s', async (_, spec) => {
    await expectGradients(runner, spec, { batchSize: 3 })
    expect(errors).toEqual([])
  })
})

it.runIf(isFuzzLong(USUAL))('they reach every layer', () => {
  const seen = new Set(SPECS.flatMap(({ nodes }) => nodes.map(({ layer }) => layer)))
  expect(layers.names().filter((name) => !seen.has(name))).toEqual([])
})
