// Training states survive a file bit by bit, halves are read exactly, and a model's own tensors are told from the optimizers'.
import { expect, test } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import { compile } from '../engine.ts'
import type { ModelSpec } from '../model/spec.ts'
import { encodeSafetensors, modelFromSafetensors } from './safetensors.ts'
import { decodeTrainingState, encodeTrainingState } from './training-state.ts'

const spec: ModelSpec = {
  name: 'small', inputs: { x: [5] }, output: 'optimizer',
  nodes: [{ name: 'adam', layer: 'dense', options: { units: 7, activation: 'tanh' } }, { name: 'optimizer', layer: 'dense', options: { units: 3 } }],
}
const batch = (step: number) => ({ x: Float32Array.from({ length: 20 }, (_, i) => Math.sin(step + i)), labels: Uint32Array.of(0, 1, 2, 1) })
const create = () => compile(spec, { batchSize: 4, objectives: [{ params: ['*/bias'], optimizer: { name: 'momentum', learningRate: 0.1 } }, { optimizer: { name: 'adam', learningRate: 0.01 } }], schedule: { name: 'reduce-on-plateau', patience: 0 }, runner: createCpuRunner() })

test('training goes on from a file as if it had not stopped', async () => {
  const [whole, first, second] = [await create(), await create(), await create()]
  const steps = async (model: typeof whole, from: number, to: number) => {
    for (let step = from; step < to; step++) {
      await model.train(batch(step))
      // The schedule hears this: examples that training makes worse.
      await model.evaluate({ ...batch(step), labels: Uint32Array.of(2, 2, 0, 0) })
    }
  }
  await steps(whole, 0, 6)
  await steps(first, 0, 3)
  const file = encodeTrainingState(await first.state(), { model: 'small' })
  const state = decodeTrainingState(file)
  expect(state.metadata).toMatchObject({ model: 'small', step: '3' })
  expect(state.schedule!['factor']).toBeLessThan(1)
  expect(Object.keys(state.tensors)).toEqual(['adam/weight', 'adam/bias', 'optimizer/weight', 'optimizer/bias'])
  expect(Object.keys(state.optimizer).sort()).toEqual(['adam/m/adam/weight', 'adam/m/optimizer/weight', 'adam/v/adam/weight', 'adam/v/optimizer/weight', 'momentum/v/adam/bias', 'momentum/v/optimizer/bias'])
  await second.setState(state)
  await steps(second, 3, 6)
  expect(await second.params()).toEqual(await whole.params())
  // The model alone can be read from the same file.
  expect(modelFromSafetensors(first.layout, file).packed).toEqual(await first.params())
  expect(encodeTrainingState(state, { model: 'small' })).toEqual(file)
})

test('numbers of other widths are read', () => {
  const file = encodeSafetensors([
    { name: 'a/half', shape: [6], dtype: 'F16', data: Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x3555) },
    { name: 'a/brain', shape: [2], dtype: 'BF16', data: Uint16Array.of(0x3f80, 0xc049) },
    { name: 'a/double', shape: [1], dtype: 'F64', data: Float64Array.of(0.1) },
  ])
  const { step, tensors } = decodeTrainingState(file)
  expect(step).toBe(0)
  expect([...tensors['a/half']!.data]).toEqual([1, -2, 2 ** -24, 65504, Infinity, 0.333251953125])
  expect([...tensors['a/brain']!.data]).toEqual([1, -3.140625])
  expect([...tensors['a/double']!.data]).toEqual([Math.fround(0.1)])
  expect(() => decodeTrainingState(encodeSafetensors([{ name: 'a/ids', shape: [1], dtype: 'I32', data: Int32Array.of(1) }]))).toThrow(/tensor "a\/ids" must hold real numbers, got I32/)
  expect(() => decodeTrainingState(encodeSafetensors([], { schedule: '{"a":"b"}' }))).toThrow(/must have numbers by name as schedule/)
  expect(() => decodeTrainingState(encodeSafetensors([], { step: '-1' }))).toThrow(/must have a whole number as step/)
})
