// Plans as volunteers use them: summed gradients over padded batches, and training that learns.
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner, type CpuProgram } from '../cpu/runner.ts'
import { METRICS } from '../kernels/reduce.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import type { HeadSpec, ModelSpec, NodeSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import type { Scope } from './objectives.ts'
import { compileProgram, headMetrics } from './program.ts'

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
  const spec = zoo.get('mnist-mlp').spec
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
  const spec = zoo.get('mnist-mlp').spec
  const learningRate = name === 'adam' ? 1e-3 : 0.02
  const { plans, layout, update } = compileProgram(spec, { batchSize: 32, optimizer: { name, learningRate } })
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
  for (let step = 1; step <= 20; step++) program.run('train', { ...syntheticDigits(32, step), weights, ...update!.inputs(step) })
  const after = evaluate()
  expect(after.loss).toBeLessThan(before.loss / 2)
  expect(after.correct).toBeGreaterThan(before.correct)
  // The gaps between tensors of the arena belong to nobody and stay zero.
  const arena = program.peek('params')
  for (const { arenaOffset, size } of layout.entries) if (size % 64 !== 0) expect(arena[arenaOffset + size]).toBe(0)
})

const dense = (name: string, units: number, from: string, more: Partial<NodeSpec> = {}): NodeSpec => ({ name, layer: 'dense', from: [from], options: { units }, ...more })

test('frozen params stay as they are, also under weight decay', () => {
  const spec: ModelSpec = { name: 'frozen', inputs: { x: [6] }, nodes: [dense('a', 5, 'x', { frozen: true }), dense('b', 4, 'a'), dense('c', 3, 'b', { frozen: true })], output: 'c' }
  const { plans, layout, update } = compileProgram(spec, { batchSize: 2, optimizer: { name: 'adam', learningRate: 0.1, weightDecay: 0.5 } })
  expect(layout.entries.map(({ name, role }) => `${name} ${role}`)).toEqual(['b/weight param', 'b/bias param', 'a/weight frozen', 'a/bias frozen', 'c/weight frozen', 'c/bias frozen'])
  expect([layout.packedTrainedSize, layout.trainedSize]).toEqual([5 * 4 + 4, 128])
  const program = createCpuRunner().loadSync([plans.train!])
  const params = initialParams(spec, 1)
  program.write('params', unpack(layout, params))
  for (let step = 1; step <= 3; step++) program.run('train', { x: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)), labels: Uint32Array.of(0, 2), weights: Float32Array.of(0.5, 0.5), ...update!.inputs(step) })
  const trained = pack(layout, program.peek('params') as Float32Array)
  trained.forEach((value, i) => {
    if (i >= layout.packedTrainedSize) expect(value).toBe(params[i])
    else expect(value).not.toBe(params[i])
  })
})

test('the gradients of several heads add up, each times its weight, and each has metrics of its own', () => {
  const nodes = [dense('body', 5, 'x', { options: { units: 5, activation: 'tanh' } }), dense('left', 3, 'body'), dense('right', 4, 'body')]
  const head = (name: string, weight: number): HeadSpec => ({ name, from: name, target: `${name}-labels`, weight, loss: { name: 'softmax-cross-entropy' } })
  const batch = { x: Float64Array.from({ length: 12 }, (_, i) => Math.cos(i)), weights: Float64Array.of(1, 1) }
  const labels = { left: Uint32Array.of(0, 2), right: Uint32Array.of(3, 1) }
  const run = (...heads: readonly HeadSpec[]) => {
    const read = heads.map(({ name }) => name)
    const spec: ModelSpec = { name: 'heads', inputs: { x: [6] }, nodes: nodes.filter(({ name }) => name === 'body' || read.includes(name)), output: read[0]!, heads }
    const { plans, layout } = compileProgram(spec, { batchSize: 2 })
    const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.gradient])
    const params = initialParams(spec, 3)
    program.write('params', unpack(layout, params))
    program.run('gradient', { ...batch, ...Object.fromEntries(read.map((name) => [`${name}-labels`, labels[name as 'left']])) })
    const grads = pack(layout, program.peek('grads') as Float64Array)
    const of = (name: string): Float32Array => {
      const { packedOffset, size } = layout.entries.find((entry) => entry.name === name)!
      return grads.subarray(packedOffset, packedOffset + size)
    }
    return { program, of }
  }
  const [both, left, right] = [run(head('left', 1), head('right', 0.25)), run(head('left', 1)), run(head('right', 1))]
  both.of('body/weight').forEach((value, i) => expect(value).toBeCloseTo(left.of('body/weight')[i]! + 0.25 * right.of('body/weight')[i]!, 6))
  both.of('right/weight').forEach((value, i) => expect(value).toBeCloseTo(0.25 * right.of('right/weight')[i]!, 6))
  const loss = (run: { program: CpuProgram }, name: string): number => run.program.peek(name)[METRICS.loss]!
  expect(loss(both, headMetrics('right'))).toBeCloseTo(0.25 * loss(right, 'metrics'), 6)
  expect(loss(both, 'metrics')).toBeCloseTo(loss(left, 'metrics') + 0.25 * loss(right, 'metrics'), 6)
})

test('an objective trains its params for its heads alone, and the gradient of an input is an output', () => {
  const head = (name: string): HeadSpec => ({ name, from: name, target: `${name}-labels`, loss: { name: 'softmax-cross-entropy' } })
  const spec: ModelSpec = { name: 'two', inputs: { x: [6] }, nodes: [dense('body', 5, 'x'), dense('left', 3, 'body'), dense('right', 4, 'body')], output: 'left', heads: [head('left'), head('right')] }
  const params = initialParams(spec, 3)
  const batch = { x: Float64Array.from({ length: 12 }, (_, i) => Math.cos(i)), 'left-labels': Uint32Array.of(0, 2), 'right-labels': Uint32Array.of(3, 1), weights: Float64Array.of(1, 1) }
  const run = (objectives: readonly Scope[]) => {
    const { plans, layout } = compileProgram(spec, { batchSize: 2, objectives, inputGradients: ['x'] })
    const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.inspect!])
    program.write('params', unpack(layout, params))
    program.run('inspect', batch)
    const grads = pack(layout, program.peek('grads') as Float64Array)
    return { grads: (node: string) => layout.entries.filter(({ name }) => name.startsWith(node)).flatMap(({ packedOffset, size }) => [...grads.subarray(packedOffset, packedOffset + size)]), dx: [...program.peekOutput('inspect', 'x')] }
  }
  const whole = run([{}]), split = run([{ heads: ['right'], params: ['body/*', 'right/*'] }, { heads: ['left'] }])
  const adversarial = run([{ heads: ['left'], params: ['left/*'] }, { heads: ['right', 'left'] }])
  expect(split.grads('left')).toEqual(whole.grads('left'))
  expect(split.grads('right')).toEqual(whole.grads('right'))
  expect(split.grads('body')).not.toEqual(whole.grads('body'))
  expect(adversarial.grads('body')).toEqual(whole.grads('body'))
  // Every weight of `body` sees x, so d loss / d x follows from the gradient of body's bias.
  const { layout } = compileProgram(spec, { batchSize: 2 })
  const { packedOffset } = layout.entries.find(({ name }) => name === 'body/weight')!
  const dBias = whole.grads('body/bias')
  for (let i = 0; i < 6; i++) {
    const weights = params.subarray(packedOffset + i * 5, packedOffset + i * 5 + 5)
    expect(whole.dx[i]! + whole.dx[6 + i]!).toBeCloseTo(dBias.reduce((sum, slope, k) => sum + slope * weights[k]!, 0), 5)
  }
  expect(() => compileProgram(spec, { batchSize: 2, inputGradients: ['y'] })).toThrow(/inputGradients of two: must name inputs of real numbers, got "y". Did you mean "x"/)
})

test('a node that shares params adds its part to their gradient', () => {
  const spec: ModelSpec = { name: 'shared', inputs: { x: [4] }, nodes: [dense('a', 4, 'x'), dense('b', 4, 'a', { shares: 'a' })], output: 'b' }
  const twice: ModelSpec = { ...spec, nodes: [dense('a', 4, 'x'), dense('b', 4, 'a')] }
  const gradient = (model: ModelSpec, params: Float32Array): Float32Array => {
    const { plans, layout } = compileProgram(model, { batchSize: 1 })
    const program = createCpuRunner({ precision: 'f64' }).loadSync([plans.gradient])
    program.write('params', unpack(layout, params))
    program.run('gradient', { x: Float64Array.of(1, -2, 0.5, 3), labels: Uint32Array.of(2), weights: Float64Array.of(1) })
    return pack(layout, program.peek('grads') as Float64Array)
  }
  const params = initialParams(spec, 1)
  expect(params).toHaveLength(4 * 4 + 4)
  const separate = gradient(twice, Float32Array.from([...params, ...params]))
  gradient(spec, params).forEach((value, i) => expect(value).toBeCloseTo(separate[i]! + separate[20 + i]!, 5))
})

test.each(zoo.names())('%s compiles for every plan and predicts from its input alone', (name) => {
  const { plans } = compileProgram(zoo.get(name).spec, { batchSize: 2 })
  const { spec: { inputs, heads = [{ target: 'labels' }] } } = zoo.get(name)
  expect(Object.keys(plans.predict.inputs).sort()).toEqual(Object.keys(inputs).sort())
  expect(plans.predict.outputs['logits']!.shape[0]).toBe(2)
  const wanted = new Set([...Object.keys(inputs), ...heads.map(({ target = 'labels' }) => target), 'weights'])
  expect(Object.keys(plans.evaluate.inputs).sort()).toEqual([...wanted].sort())
  expect(Object.keys(plans.gradient.inputs).filter((key) => key !== 'random').sort()).toEqual([...wanted].sort())
})
