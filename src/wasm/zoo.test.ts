// Models of the zoo on WebAssembly, and random ones: their gradients are those of the CPU runner, and the recipe of each model of the zoo
// trains it. Gradients of the two largest are compared in gpu/zoo.test.ts alone, WGSL's with those here.
import { afterAll, expect, it } from 'vitest'
import { compile } from '../engine.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { examplesOf, expectGradients, GRADIENT_BATCHES } from '../train/test-gradients.ts'
import { fuzzCount, fuzzSeed } from '../train/test-fuzz.ts'
import { randomSpec } from '../train/test-random-spec.ts'
import { createWasmRunner } from './runner.ts'

/** The plain reference takes them 20 seconds each; smaller ones of their kinds are here. */
const LEFT_OUT = ['resnet-50', 'char-gpt-mini']

const runner = await createWasmRunner({ threads: 2 })
afterAll(() => runner.dispose())

it.each(zoo.names().filter((name) => !LEFT_OUT.includes(name)))('%s has the gradients of the CPU runner', (name) =>
  expectGradients(runner, zoo.get(name).spec, { batchSize: GRADIENT_BATCHES[name] ?? 2 }))

it.each(Array.from({ length: fuzzCount(40) }, (_, i) => randomSpec(fuzzSeed('wasm', i))).map((spec) => [spec.name, spec] as const))('%s has the gradients of the CPU runner', (_, spec) =>
  expectGradients(runner, spec, { batchSize: 3 }))

/** Steps between two looks at the loss, of one that takes a second for each; four of the others. */
const STEPS: Readonly<Record<string, number>> = { 'resnet-50': 1 }

it.each(zoo.names())('the recipe of %s learns a batch by heart', async (name) => {
  const { spec } = zoo.get(name), batchSize = GRADIENT_BATCHES[name] ?? 4
  const { random: _, ...examples } = examplesOf(compileProgram(spec, { batchSize }))
  const model = await compile(name, { runner, batchSize })
  const losses: number[] = []
  for (let round = 0; round < 3; round++) {
    for (let step = 0; step < (STEPS[name] ?? 4); step++) await model.train(examples)
    losses.push((await model.trainingMetrics()).loss)
  }
  expect(losses.every(Number.isFinite), losses.join()).toBe(true)
  expect(losses.at(-1), losses.join()).toBeLessThan(0.97 * losses[0]!)
  model.dispose()
}, 120_000)
