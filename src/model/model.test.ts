// The zoo has the sizes that the papers give, params begin as declared, and wrong specs are refused with a remedy.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { product } from '../base/math.ts'
import { buildModel } from './build-model.ts'
import { initialParams, layoutOf } from './initial-params.ts'
import { defaultInitialiser, initialise } from './initialisers.ts'
import { createRng } from '../base/rng.ts'
import { layers } from './layers/index.ts'
import type { ModelSpec, NodeSpec } from './spec.ts'
import { zoo } from './zoo/index.ts'

test.each([
  ['mnist-mlp', 203_530],
  ['mlp-2nn', 199_210],
  ['mnist-cnn', 54_410],
  ['fedavg-cnn', 1_663_370],
  ['lenet', 61_706],
  ['resnet-20', 272_474],
  ['resnet-50', 25_557_032],
  ['textcnn-small', 5000 * 64 + 12 * 64 * 64 + 3 * 64 + 192 * 4 + 4],
  ['textcnn', 20_000 * 128 + 12 * 128 * 100 + 300 + 602],
  ['char-gpt-nano', 65 * 128 + 64 * 128 + 4 * (12 * 128 * 128 + 13 * 128) + 2 * 128 + 128 * 65],
  ['lstm-text', 20_000 * 128 + 2 * 128 * 512 + 512 + 258],
  ['autoencoder', 2 * 784 * 256 + 256 + 784 + 2 * 256 * 32 + 32 + 256],
  ['matrix-factorization', (943 + 1682) * 17],
] as const)('%s has %i params', (name, params) => expect(layoutOf(zoo.get(name).spec).packedSize).toBe(params))

test('the README shows a model that can be built, and every model of the zoo', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const spec = JSON.parse(/## Models are data[^]*?```json\n([^]*?)```/.exec(readme)![1]!) as ModelSpec
  const { heads, layout } = buildModel(spec, 2)
  expect(heads.map(({ from }) => from.shape)).toEqual([[2, 10], [2, 1]])
  expect(layout.entries.filter(({ role }) => role === 'frozen').map(({ name }) => name)).toEqual(['conv/weight', 'conv/bias'])
  const table = readme.slice(readme.indexOf('| zoo |'), readme.indexOf('## Adding things'))
  for (const name of zoo.names()) expect(table.includes(`\`${name}\``) || table.includes(`\`${name.replace('char-gpt', '')}\``), name).toBe(true)
})

test('names that every object has are names like others', () => {
  const spec: ModelSpec = { name: 'toString', inputs: { valueOf: [6] }, nodes: [node('hasOwnProperty', 'dense', { units: 4 })], output: 'hasOwnProperty', heads: [{ name: 'toString', target: 'constructor', loss: { name: 'huber' } }] }
  expect(buildModel(spec, 2).heads[0]!.target.shape).toEqual([2, 4])
})

test('a target may be declared among the inputs', () => {
  const spec: ModelSpec = { name: 'declared', inputs: { x: [6], y: [4] }, nodes: [node('d', 'dense', { units: 4 })], output: 'd', heads: [{ name: 'h', target: 'y', loss: { name: 'huber' } }] }
  const { heads, inputs } = buildModel(spec, 2)
  expect(heads[0]!.target).toBe(inputs['y'])
})

test('the tensors of every model of the zoo have names of their own', () => {
  for (const [, { spec }] of zoo.entries()) {
    const { layout } = buildModel(spec, 3)
    expect(new Set(layout.entries.map(({ name }) => name)).size).toBe(layout.entries.length)
  }
})

/** toEqual takes seconds for arrays of this size. */
const same = (a: Float32Array, b: Float32Array): boolean => a.length === b.length && a.every((value, i) => value === b[i])

test('initial params depend on spec and seed alone, and each tensor has its own stream', () => {
  const spec = zoo.get('mlp-2nn').spec
  expect(same(initialParams(spec, 5), initialParams(spec, 5))).toBe(true)
  expect(same(initialParams(spec, 5), initialParams(spec, 6))).toBe(false)
  const shorter = { ...spec, nodes: spec.nodes.filter(({ name }) => name !== 'dense2') }
  expect(same(initialParams(shorter, 5).subarray(0, 784 * 200), initialParams(spec, 5).subarray(0, 784 * 200))).toBe(true)
  const { entries } = layoutOf(spec)
  const bias = entries.find(({ name }) => name === 'dense1/bias')!
  expect(initialParams(spec, 5).subarray(bias.packedOffset, bias.packedOffset + bias.size).every((value) => value === 0)).toBe(true)
})

test.each([
  ['glorot-uniform', 2 / 300], ['glorot-normal', 2 / 300], ['he-uniform', 2 / 100], ['he-normal', 2 / 100], ['lecun-uniform', 1 / 100], ['lecun-normal', 1 / 100],
  ['normal', 0.02 ** 2], ['truncated-normal', 0.02 ** 2 * 0.7737], ['orthogonal', 1 / 200], ['zeros', 0],
] as const)('%s has mean 0 and variance %f for fans 100 and 200', (name, variance) => {
  const values = new Float32Array(100 * 200)
  initialise(values, name, { rng: createRng(name), shape: [100, 200], fanIn: 100, fanOut: 200 })
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
  expect(Math.abs(mean)).toBeLessThanOrEqual(4 * Math.sqrt(variance / values.length))
  if (variance > 0) expect(Math.abs(spread / variance - 1)).toBeLessThan(0.05)
  else expect(spread).toBe(0)
})

test.each([[[12, 5]], [[5, 12]], [[3, 3, 2, 4]], [[4, 9]]])('orthogonal columns or rows of %j', (shape) => {
  const values = new Float32Array(product(shape))
  initialise(values, { name: 'orthogonal', gain: 2 }, { rng: createRng(1), shape, fanIn: 1, fanOut: 1 })
  const columns = shape.at(-1)!, rows = values.length / columns
  const vector = (k: number): number[] => Array.from({ length: Math.max(rows, columns) }, (_, i) => values[rows >= columns ? i * columns + k : k * columns + i]!)
  for (let a = 0; a < Math.min(rows, columns); a++) for (let b = 0; b <= a; b++) {
    expect(vector(a).reduce((sum, x, i) => sum + x * vector(b)[i]!, 0)).toBeCloseTo(a === b ? 4 : 0, 5)
  }
})

test('a gain multiplies what an initialiser gives, and suits are chosen by activation', () => {
  const spec: ModelSpec = { name: 'gains', inputs: { x: [2] }, nodes: [{ name: 'a', layer: 'dense', options: { units: 3, bias: false, initialiser: { name: 'constant', gain: 0.25 } } }], output: 'a' }
  expect([...initialParams(spec, 1)]).toEqual(Array.from({ length: 6 }, () => 0.25))
  expect(['relu', 'leaky-relu', 'gelu', 'silu', 'tanh', 'sigmoid', 'linear'].map(defaultInitialiser)).toEqual(['he-uniform', 'he-uniform', 'he-uniform', 'he-uniform', 'glorot-uniform', 'glorot-uniform', 'glorot-uniform'])
})

const node = (name: string, layer: string, options?: Record<string, unknown>, from?: readonly string[]): NodeSpec =>
  ({ name, layer, ...(options === undefined ? {} : { options }), ...(from === undefined ? {} : { from }) })
const chain = (...nodes: readonly NodeSpec[]): ModelSpec => ({ name: 'test', inputs: { x: [28, 28, 1] }, nodes, output: nodes.at(-1)?.name ?? 'x' })

test.each<[string, ModelSpec, RegExp]>([
  ['an image in a dense layer', chain(node('d', 'dense', { units: 10 })), /^d: must read one dimension of features.*, got \[28, 28, 1\] for units \[10\]. Put a flatten/],
  ['features in a convolution', chain(node('f', 'flatten'), node('c', 'conv2d', { filters: 4, kernel: 3 })), /^c: must read an image \[H, W, C\], got \[784\] for a kernel \[3, 3\]/],
  ['a kernel larger than the image', chain(node('c', 'conv2d', { filters: 4, kernel: 29, padding: 'valid' })), /got image \[28, 28, 1\] and kernel \[29, 29\]/],
  ['a window larger than the image', chain(node('p', 'max-pool', { size: [2, 30] })), /got image \[28, 28, 1\] and window \[2, 30\]/],
  ['a mistyped option', chain(node('c', 'conv2d', { fliters: 4, kernel: 3 })), /^c \(conv2d\).fliters: must be a known option \(.*filters.*\), got "fliters". Did you mean "filters"/],
  ['an extra option', chain(node('c', 'conv2d', { filters: 4, kernel: 3, strides: 2 })), /^c \(conv2d\).strides: must be a known option \(.*stride.*\), got "strides". Did you mean "stride"/],
  ['a mistyped activation', chain(node('f', 'flatten'), node('d', 'dense', { units: 4, activation: 'rleu' })), /activation: must be one of linear, relu, .*, got "rleu". Did you mean "relu"/],
  ['a mistyped layer', chain(node('d', 'desne')), /layer: must be one of .* Did you mean "dense"/],
  ['no units', chain(node('f', 'flatten'), node('d', 'dense', {})), /units: must be/],
  ['zero units', chain(node('f', 'flatten'), node('d', 'dense', { units: 0 })), /units: must be/],
  ['a name twice', chain(node('f', 'flatten'), node('f', 'dense', { units: 4 })), /^f: must have a name of its own/],
  ['a later node', chain(node('f', 'flatten', {}, ['d']), node('d', 'dense', { units: 4 })), /^f: must read an input or an earlier node, got "d"/],
  ['an unread node', { ...chain(node('f', 'flatten'), node('d', 'dense', { units: 4 }), node('e', 'dense', { units: 4 }, ['f'])), output: 'd' }, /^e: must lead to the output "d", got a tensor \[4\]/],
  ['two inputs for one', chain(node('f', 'flatten', {}, ['x', 'x'])), /^f: must read 1 tensor, got 2/],
  ['an unknown output', { ...chain(node('f', 'flatten')), output: 'g' }, /^output: .* got "g"/],
  ['no params', chain(node('f', 'flatten')), /must have a layer with params/],
  ['tensors of two shapes', chain(node('f', 'flatten'), node('d', 'dense', { units: 4 }), node('a', 'add', {}, ['f', 'd'])), /^a: must read tensors of one shape, got \[784\] and \[4\]/],
  ['one tensor to add', chain(node('f', 'flatten'), node('a', 'add', {}, ['f'])), /^a: must read at least 2 tensors, got 1/],
  ['another number of elements', chain(node('r', 'reshape', { shape: [28, 27] })), /^r: must keep the number of elements, got \[28, 28, 1\] for shape \[28, 27\]/],
  ['integers in a dense layer', { ...chain(node('d', 'dense', { units: 4 })), inputs: { x: { shape: [5], below: 9 } } }, /^d: must read real numbers, got integers \[5\]. Put an embedding/],
  ['integers as an output', { ...chain(node('f', 'flatten')), inputs: { x: { shape: [5], below: 9 } } }, /^output: must read real numbers, got integers \[5\]/],
  ['a table too small', { ...chain(node('e', 'embedding', { vocabulary: 8, units: 4 })), inputs: { x: { shape: [5], below: 9 } } }, /^e: must have a vector for each integer, got 8 for integers below 9/],
  ['a head of nothing', { ...chain(node('f', 'flatten'), node('d', 'dense', { units: 4 })), heads: [{ name: 'h', from: 'e', loss: { name: 'softmax-cross-entropy' } }] }, /^head h: must read an input or an earlier node, got "e"/],
  ['two heads of a name', { ...chain(node('f', 'flatten'), node('d', 'dense', { units: 4 })), heads: [1, 2].map(() => ({ name: 'h', loss: { name: 'softmax-cross-entropy' } })) }, /^head h: must have a name of its own/],
  ['an unknown loss', { ...chain(node('f', 'flatten'), node('d', 'dense', { units: 4 })), heads: [{ name: 'h', loss: { name: 'softmax-cros-entropy' } }] }, /^loss: must be one of .*got "softmax-cros-entropy". Did you mean "softmax-cross-entropy"/],
  ['a target of another type', { ...chain(node('f', 'flatten'), node('d', 'dense', { units: 784 })), heads: [{ name: 'h', target: 'x', loss: { name: 'softmax-cross-entropy' } }] }, /^head h: must be compared with u32 \[\], got "x", which is f32 \[28, 28, 1\]/],
  ['a share of a later node', chain(node('f', 'flatten'), { ...node('a', 'dense', { units: 784 }), shares: 'b' }, node('b', 'dense', { units: 784 })), /^a: must share the params of an earlier node, got "b"/],
  ['a share of itself', chain(node('f', 'flatten'), { ...node('a', 'dense', { units: 784 }), shares: 'a' }), /^a: must share the params of an earlier node, got "a"/],
  ['a share of another layer', chain(node('f', 'flatten'), { ...node('a', 'dense', { units: 784 }), shares: 'f' }), /^a: must share the params of a dense node, got the flatten node "f"/],
  ['a share of another shape', chain(node('f', 'flatten'), node('a', 'dense', { units: 10 }), { ...node('b', 'dense', { units: 10 }), shares: 'a' }), /^b: must have params of the shape of a\/weight to share them, got \[10, 10\] and \[784, 10\]/],
  ['a share with a bias more', chain(node('f', 'flatten'), node('a', 'dense', { units: 784, bias: false }), { ...node('b', 'dense', { units: 784 }), shares: 'a' }), /^b: must have the params of "a" to share them, got bias/],
  ['a frozen share', chain(node('f', 'flatten'), node('a', 'dense', { units: 784 }), { ...node('b', 'dense', { units: 784 }), shares: 'a', frozen: true }), /^b: must leave it to "a", whose params it shares, whether they are frozen/],
  ['an axis too many', chain(node('f', 'flatten'), node('s', 'slice', { axis: 1, end: 3 })), /^s: must have an axis of its input, got axis 1 of \[784\]/],
  ['an empty slice', chain(node('f', 'flatten'), node('s', 'slice', { start: -3, end: 781 })), /^s: must take a part of axis 0, got -3 to 781 of \[784\]/],
  ['a slice too long', chain(node('s', 'slice', { axis: 0, end: 29 })), /^s: must take a part of axis 0, got 0 to 29 of \[28, 28, 1\]/],
  ['an axis twice', chain(node('t', 'transpose', { axes: [1, 1, 0] })), /^t: must name each dimension once, got axes \[1, 1, 0\] for \[28, 28, 1\]/],
  ['branches that do not meet', chain(node('f', 'flatten'), node('c', 'concat', {}, ['x', 'f'])), /^c: must read tensors that differ along axis 2 alone, got \[28, 28, 1\] and \[784\]/],
  ['branches along another axis', chain(node('s', 'slice', { axis: 0, end: 9 }), node('c', 'concat', { axis: 1 }, ['x', 's'])), /^c: must read tensors that differ along axis 1 alone, got \[28, 28, 1\] and \[9, 28, 1\]/],
  ['a reserved target', { ...chain(node('f', 'flatten'), node('d', 'dense', { units: 4 })), heads: [{ name: 'h', target: 'weights', loss: { name: 'mean-squared-error' } }] }, /^head h: must have a target of another name than weights, hyper, random, got "weights"/],
  ['a reserved input', { ...chain(node('f', 'flatten')), inputs: { labels: [784] } }, /must not be called/],
  ['too many params', chain(node('f', 'flatten'), node('a', 'dense', { units: 65_536 }), node('b', 'dense', { units: 65_536 })), /at most \d+ params/],
])('refuses %s', (_what, spec, message) => {
  expect(() => buildModel(spec, 2)).toThrow(ConfigError)
  expect(() => buildModel(spec, 2)).toThrow(message)
})

test('refuses any nonsense with ConfigError, and builds what it does not refuse', () => {
  const size = fc.oneof(fc.integer({ min: -1, max: 8 }), fc.constantFrom(1.5, '3', null, [2, 3], [2], 1e9))
  const options = fc.dictionary(fc.constantFrom('units', 'filters', 'kernel', 'stride', 'padding', 'activation', 'kind', 'size', 'bias', 'other'),
    fc.oneof(size, fc.constantFrom('same', 'valid', 'relu', 'tanh', true, { top: 1, bottom: 1, left: 0, right: 0 })), { maxKeys: 4 })
  const good = fc.constantFrom(node('n', 'flatten'), node('n', 'dense', { units: 3 }), node('n', 'conv2d', { filters: 2, kernel: 3 }), node('n', 'max-pool', { size: 2 }))
  const anyNode = fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: fc.record({ name: fc.constant('n'), layer: fc.constantFrom(...layers.names(), 'nothing'), options }) })
  let built = 0
  fc.assert(fc.property(fc.array(anyNode, { minLength: 1, maxLength: 5 }), fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }), (nodes, shape) => {
    const named = nodes.map((each, i) => ({ ...each, name: `n${i}` })) as readonly NodeSpec[]
    try {
      const model = buildModel({ name: 'random', inputs: { x: shape }, nodes: named, output: named.at(-1)!.name }, 2)
      expect(model.layout.packedSize).toBeGreaterThan(0)
      built++
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      expect(error.message).toMatch(/must/)
    }
  }), { numRuns: 2000, seed: 4 })
  expect(built).toBeGreaterThan(50)
})
