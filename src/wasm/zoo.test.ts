// Models of the zoo on WebAssembly: their gradients are those of the CPU runner, and their recipes train them.
import { afterAll, expect, it } from 'vitest'
import { compile } from '../engine.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { examplesOf, expectGradientsOfCpu } from '../train/test-gradients.ts'
import { createWasmRunner } from './runner.ts'

/** Too large for the plain reference; smaller ones of their kind are here. */
const LEFT_OUT = ['resnet-50', 'fedavg-cnn', 'char-gpt-nano', 'char-gpt-micro', 'char-gpt-mini', 'textcnn']

const runner = await createWasmRunner({ threads: 2 })
afterAll(() => runner.dispose())

it.each(zoo.names().filter((name) => !LEFT_OUT.includes(name)))('%s has the gradients of the CPU runner', (name) => expectGradientsOfCpu(runner, name))

const TOO_SLOW = ['resnet-50', 'char-gpt-nano', 'char-gpt-micro', 'char-gpt-mini']

it.each(zoo.names().filter((name) => !TOO_SLOW.includes(name)))('the recipe of %s learns a batch by heart', async (name) => {
  const { spec } = zoo.get(name)
  const { random: _, ...examples } = examplesOf(compileProgram(spec, { batchSize: 4 }))
  const model = await compile(name, { runner, batchSize: 4 })
  const losses: number[] = []
  for (let round = 0; round < 3; round++) {
    for (let step = 0; step < 4; step++) await model.train(examples)
    losses.push((await model.trainingMetrics()).loss)
  }
  expect(losses.every(Number.isFinite), losses.join()).toBe(true)
  expect(losses.at(-1), losses.join()).toBeLessThan(0.97 * losses[0]!)
  model.dispose()
})
