// Norms in whole models: what they compute, the statistics that batch norm keeps, and what they refuse.
import { expect, test } from 'vitest'
import { createRng } from '../../base/rng.ts'
import { createCpuRunner } from '../../cpu/runner.ts'
import { compileProgram } from '../../train/program.ts'
import { buildModel } from '../build-model.ts'
import { initialParams } from '../initial-params.ts'
import { unpack } from '../layout.ts'
import type { ModelSpec } from '../spec.ts'

const model = (layer: string, options: Readonly<Record<string, unknown>> = {}, shape: readonly number[] = [3, 2, 4]): ModelSpec => ({
  name: 'norms',
  inputs: { x: shape },
  nodes: [{ name: 'norm', layer, options }, { name: 'flatten', layer: 'flatten' }, { name: 'out', layer: 'dense', options: { units: 2 } }],
  output: 'out',
})

const B = 5, C = 4, ROWS = B * 6
const rng = createRng('norms')
const x = Float32Array.from({ length: ROWS * C }, () => 3 + 2 * rng.uniform())
const batch = { x, labels: new Uint32Array(B), weights: new Float32Array(B).fill(1 / B) }

function run(spec: ModelSpec): { running: (name: string) => readonly number[]; step: () => void; normalised: () => Float32Array } {
  const { plans, layout, update } = compileProgram(spec, { batchSize: B, optimizer: { name: 'sgd', learningRate: 1e-6 }, fused: false })
  const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.train!, plans.predict])
  program.write('params', unpack(layout, initialParams(spec, 1)))
  return {
    running(name) {
      const { arenaOffset, size } = layout.entries.find((entry) => entry.name === `norm/${name}`)!
      return [...program.peek('params').subarray(arenaOffset, arenaOffset + size)]
    },
    step: () => program.run('train', { ...batch, ...update!.inputs(1) }),
    normalised() {
      // The weight of `out` picks elements one by one, so its logits show the layer's output.
      const { arenaOffset, size } = layout.entries.find(({ name }) => name === 'out/weight')!
      const params = Float32Array.from(program.peek('params'))
      const values = new Float32Array(ROWS * C)
      for (let i = 0; i < size / 2; i++) {
        params.fill(0, arenaOffset, arenaOffset + size)[arenaOffset + 2 * i] = 1
        program.write('params', params)
        program.run('predict', { x })
        const logits = program.peekOutput('predict', 'logits')
        for (let b = 0; b < B; b++) values[b * (size / 2) + i] = logits[2 * b]!
      }
      return values
    },
  }
}

const moments = (values: readonly number[]): { mean: number; variance: number } => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length }
}
const pick = (values: ArrayLike<number>, where: (i: number) => boolean): readonly number[] => Array.from(values).filter((_, i) => where(i))

test.each([
  ['layer-norm', {}, (i: number) => Math.floor(i / C) === 7],
  ['group-norm', { groups: 2 }, (i: number) => Math.floor(i / (6 * C)) === 3 && i % C < 2],
] as const)('%s leaves mean 0 and variance 1 where it says', (layer, options, where) => {
  const { mean, variance } = moments(pick(run(model(layer, options)).normalised(), where))
  expect(mean).toBeCloseTo(0, 5)
  expect(variance).toBeCloseTo(1, 3)
})

test('rms-norm leaves a mean square of 1', () => {
  const { mean, variance } = moments(pick(run(model('rms-norm')).normalised(), (i) => Math.floor(i / C) === 2))
  expect(mean ** 2 + variance).toBeCloseTo(1, 4)
  expect(mean).toBeGreaterThan(0.5)
})

test('batch-norm moves its running statistics in training, and predicts with them', () => {
  const { step, running, normalised } = run(model('batch-norm', { momentum: 0.75 }))
  const { mean, variance } = moments(pick(x, (i) => i % C === 1))
  expect(running('mean')).toEqual([0, 0, 0, 0])
  step()
  expect(running('mean')[1]).toBeCloseTo(0.25 * mean, 5)
  expect(running('variance')[1]).toBeCloseTo(0.75 + 0.25 * variance * ROWS / (ROWS - 1), 5)
  step()
  expect(running('mean')[1]).toBeCloseTo(0.4375 * mean, 5)
  for (let i = 0; i < 60; i++) step()
  const after = moments(pick(normalised(), (i) => i % C === 1))
  expect(after.mean).toBeCloseTo(0, 3)
  expect(after.variance).toBeCloseTo((ROWS - 1) / ROWS, 3)
})

test('a frozen batch-norm keeps its statistics, which have no gradient', () => {
  const spec = model('batch-norm')
  const frozen = { ...spec, nodes: spec.nodes.map((node) => (node.name === 'norm' ? { ...node, frozen: true } : node)) }
  const { step, running } = run(frozen)
  step()
  expect(running('mean')).toEqual([0, 0, 0, 0])
  expect(running('variance')).toEqual([1, 1, 1, 1])
  expect(buildModel(spec, 2).layout.entries.map(({ name, role }) => [name, role])).toEqual([
    ['norm/scale', 'param'], ['norm/bias', 'param'], ['out/weight', 'param'], ['out/bias', 'param'], ['norm/mean', 'buffer'], ['norm/variance', 'buffer'],
  ])
})

test.each([
  [model('group-norm', { groups: 3 }), /norm: must have channels that divide into its groups, got 4 channels of \[3, 2, 4\] and 3 groups\. Use a number of groups that divides 4/],
  [model('layer-norm', { epsilon: 0 }), /norm \(layer-norm\)\.epsilon/],
  [model('batch-norm', { momentum: 2 }), /norm \(batch-norm\)\.momentum/],
])('refusal %#', (spec, message) => expect(() => buildModel(spec, 2)).toThrow(message))

test('batch-norm refuses a batch without a variance', () => {
  expect(() => buildModel(model('batch-norm', {}, [4]), 1, { training: true })).toThrow(/norm: must have several values of each channel.*Use a larger batch, or group-norm/)
})
