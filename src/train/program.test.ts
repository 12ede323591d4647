// Plans as volunteers use them: summed gradients over padded batches, and training that learns.
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { METRICS } from '../kernels/reduce.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from './program.ts'

/** Ten blurred prototypes with noise: learnable, seeded, no download. */
function syntheticDigits(count: number, seed: number): { x: Float32Array; labels: Uint32Array } {
  const prototypes = createRng('prototypes')
  const patterns = Array.from({ length: 10 }, () => Float32Array.from({ length: 784 }, () => (prototypes.uniform() < 0.2 ? 1 : 0)))
  const rng = createRng(seed)
  const x = new Float32Array(count * 784)
  const labels = Uint32Array.from({ length: count }, () => rng.integer(10))
  for (let i = 0; i < x.length; i++) x[i] = patterns[labels[Math.floor(i / 784)]!]![i % 784]! * 0.7 + 0.3 * rng.uniform()
  return { x, labels }
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

test('a padded batch adds exactly the gradient of its examples', () => {
  const spec = zoo.get('mnist-mlp')
  const params = initialParams(spec, 1)
  const { x, labels } = syntheticDigits(6, 3)
  const gradientOf = (batchSize: number, runs: readonly (readonly [start: number, count: number])[]) => {
    const { plans, layout } = compileProgram(spec, { batchSize })
    const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.gradient])
    program.write('params', unpack(layout, params))
    for (const [start, count] of runs) {
      const batch = { x: new Float64Array(batchSize * 784).fill(0.5), labels: new Uint32Array(batchSize), weights: new Float64Array(batchSize) }
      batch.x.set(x.subarray(start * 784, (start + count) * 784))
      batch.labels.set(labels.subarray(start, start + count))
      batch.weights.fill(1, 0, count)
      program.run('gradient', batch)
    }
    return { grads: pack(layout, program.peek('grads') as Float64Array), metrics: Array.from(program.peek('metrics')) }
  }
  const whole = gradientOf(6, [[0, 6]])
  const padded = gradientOf(4, [[0, 4], [4, 2]])
  expect(padded.metrics[METRICS.examples]).toBe(6)
  expect(padded.metrics[METRICS.loss]).toBeCloseTo(whole.metrics[METRICS.loss]!, 9)
  expect(largest(padded.grads.map((g, i) => g - whole.grads[i]!))).toBeLessThan(1e-6)
  expect(largest(whole.grads)).toBeGreaterThan(0.1)
})

test.each(['sgd', 'momentum', 'nesterov', 'adam'])('%s lowers the loss of mnist-mlp on seeded data', (name) => {
  const spec = zoo.get('mnist-mlp')
  const learningRate = name === 'adam' ? 1e-3 : 0.02
  const { plans, layout, optimizer } = compileProgram(spec, { batchSize: 32, optimizer: { name, learningRate } })
  const program = createCpuRunner().loadSync([plans.train!, plans.evaluate])
  program.write('params', unpack(layout, initialParams(spec, 7)))
  const test = { ...syntheticDigits(32, 99), weights: new Float32Array(32).fill(1) }
  const evaluate = (): { loss: number; correct: number } => {
    program.clear('metrics')
    program.run('evaluate', test)
    const metrics = program.peek('metrics')
    return { loss: metrics[METRICS.loss]! / 32, correct: metrics[METRICS.correct]! }
  }
  const before = evaluate()
  const weights = new Float32Array(32).fill(1 / 32)
  for (let step = 1; step <= 20; step++) program.run('train', { ...syntheticDigits(32, step), weights, hyper: optimizer!.hyper(step) })
  const after = evaluate()
  expect(after.loss).toBeLessThan(before.loss / 2)
  expect(after.correct).toBeGreaterThan(before.correct)
  // The gaps between tensors of the arena belong to nobody and stay zero.
  const arena = program.peek('params')
  for (const { arenaOffset, size } of layout.entries) if (size % 64 !== 0) expect(arena[arenaOffset + size]).toBe(0)
})

test.each(zoo.names())('%s compiles for every plan and predicts from its input alone', (name) => {
  const { plans } = compileProgram(zoo.get(name), { batchSize: 2 })
  expect(Object.keys(plans.predict.inputs)).toEqual(['x'])
  expect(plans.predict.outputs['logits']!.shape).toEqual([2, 10])
  expect(Object.keys(plans.gradient.inputs).sort()).toEqual(['labels', 'weights', 'x'])
})
