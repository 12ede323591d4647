// The CPU runner as a Program: shared persistent memory, exact sizes, own copies for the reader.
import { expect, test } from 'vitest'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { createCpuRunner } from './runner.ts'

const spec = zoo.get('mnist-mlp').spec

test('plans share persistent memory by name; reads are copies', async () => {
  const { plans, layout } = compileProgram(spec, { batchSize: 2 })
  const program = await createCpuRunner().load(Object.values(plans))
  const params = unpack(layout, initialParams(spec, 1))
  program.write('params', params)
  const batch = { x: new Float32Array(2 * 784).fill(0.3), labels: Uint32Array.of(3, 4), weights: Float32Array.of(1, 1) }
  program.run('gradient', batch)
  program.run('evaluate', batch)
  const [metrics, grads] = await program.read(['metrics', 'grads'])
  expect(metrics![2]).toBe(4)
  expect(grads!.some((g) => g !== 0)).toBe(true)
  program.clear('grads')
  expect(grads!.some((g) => g !== 0)).toBe(true)
  program.run('predict', { x: batch.x })
  const { logits } = await program.readOutputs('predict', ['logits'])
  expect(logits).toHaveLength(20)
  expect([...logits!.subarray(0, 10)]).toEqual([...logits!.subarray(10)])
})

test('wrong sizes, missing inputs and unknown names are our bugs and crash', () => {
  const { plans } = compileProgram(spec, { batchSize: 2 })
  const program = createCpuRunner().loadSync([plans.predict])
  expect(() => program.write('params', new Float32Array(3))).toThrow(/must have \d+ elements, got 3/)
  expect(() => program.run('predict', {})).toThrow(/input x of plan predict/)
  expect(() => program.run('predict', { x: new Float32Array(2 * 784), labels: new Uint32Array(2) })).toThrow(/only its inputs x, got labels/)
  expect(() => program.run('train', {})).toThrow(/plan train/)
})

test('plans of two models do not load into one program', () => {
  const other = compileProgram(zoo.get('mlp-2nn').spec, { batchSize: 2 })
  expect(() => createCpuRunner().loadSync([compileProgram(spec, { batchSize: 2 }).plans.predict, { ...other.plans.predict, name: 'other' }])).toThrow(/must have one size in all plans/)
})
