// Whole-model gradients against an independent library: TensorFlow.js on its CPU backend.
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { METRICS } from '../kernels/reduce.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import { inputShape, type ModelSpec, type NodeSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from './program.ts'

const TOLERANCE = 1e-4

beforeAll(async () => {
  await tf.setBackend('cpu')
  await tf.ready()
})

type Params = Readonly<Record<string, tf.Tensor>>

function act(x: tf.Tensor, name: unknown): tf.Tensor {
  if (name === undefined || name === 'linear') return x
  return { relu: tf.relu, tanh: tf.tanh, sigmoid: tf.sigmoid }[name as 'relu' | 'tanh' | 'sigmoid'](x)
}

/** The peer's own reading of a chain of layers. */
function applyNode({ name, layer, options = {} }: NodeSpec, x: tf.Tensor, params: Params): tf.Tensor {
  const weight = params[`${name}/weight`]!, bias = params[`${name}/bias`]
  const biased = (y: tf.Tensor): tf.Tensor => act(bias === undefined ? y : tf.add(y, bias), options['activation'])
  switch (layer) {
    case 'flatten': return tf.reshape(x, [x.shape[0]!, -1])
    case 'dense': return biased(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D))
    case 'conv2d': return biased(tf.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, (options['stride'] as number | undefined) ?? 1, (options['padding'] as 'same' | 'valid' | undefined) ?? 'same'))
    case 'max-pool': return tf.maxPool(x as tf.Tensor4D, options['size'] as number, (options['stride'] as number | undefined) ?? (options['size'] as number), 'valid')
    case 'activation': return act(x, options['kind'])
    default: throw new Error(`no peer for layer ${layer}`)
  }
}

/** Strokes on black, mostly zeros, as in MNIST. */
function batch(size: number, seed: string): { x: Float32Array; labels: Uint32Array } {
  const rng = createRng(seed)
  return {
    x: Float32Array.from({ length: size * 784 }, () => (rng.uniform() < 0.25 ? rng.uniform() : 0)),
    labels: Uint32Array.from({ length: size }, () => rng.integer(10)),
  }
}

function compare(spec: ModelSpec, batchSize: number): void {
  const { plans, layout } = compileProgram(spec, { batchSize })
  const params = initialParams(spec, 11)
  // Biases begin as zeros, which would hide a bias that is not added.
  const rng = createRng('biases')
  for (const { name, packedOffset, size } of layout.entries) if (name.endsWith('/bias')) for (let i = 0; i < size; i++) params[packedOffset + i] = 0.1 * rng.normal()
  const { x, labels } = batch(batchSize, spec.name)
  const program = createCpuRunner().loadSync([plans.gradient])
  program.write('params', unpack(layout, params))
  program.run('gradient', { x, labels, weights: new Float32Array(batchSize).fill(1) })
  const ours = pack(layout, program.peek('grads') as Float32Array)

  const names = layout.entries.map(({ name }) => name)
  const tensors = layout.entries.map(({ packedOffset, size, shape }) => tf.tensor(params.subarray(packedOffset, packedOffset + size), [...shape]))
  const lossOf = (...given: tf.Tensor[]): tf.Scalar => {
    const named = Object.fromEntries(names.map((name, i) => [name, given[i]!]))
    const logits = spec.nodes.reduce<tf.Tensor>((at, node) => applyNode(node, at, named), tf.tensor(x, [batchSize, ...inputShape(spec.inputs['x']!)]))
    return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 10))))
  }
  const { value, grads } = tf.valueAndGrads(lossOf)(tensors)
  expect(program.peek('metrics')[METRICS.loss]! / value.dataSync()[0]!).toBeCloseTo(1, 4)
  layout.entries.forEach(({ name, packedOffset, size }, i) => {
    const theirs = grads[i]!.dataSync()
    let difference = 0, norm = 0
    for (let j = 0; j < size; j++) {
      difference += (ours[packedOffset + j]! - theirs[j]!) ** 2
      norm += theirs[j]! ** 2
    }
    expect(norm, name).toBeGreaterThan(0)
    expect(Math.sqrt(difference / norm), name).toBeLessThan(TOLERANCE)
  })
}

test.each([['mnist-mlp', 16], ['mlp-2nn', 8], ['mnist-cnn', 8], ['digits-cnn', 4], ['fedavg-cnn', 1]] as const)('%s', (name, batchSize) => compare(zoo.get(name).spec, batchSize), 60_000)

test('strides, same padding, overlapping pools and every activation', () => compare({
  name: 'mixed',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'conv1', layer: 'conv2d', options: { filters: 6, kernel: [5, 4], stride: 2, padding: 'same', activation: 'tanh' } },
    { name: 'conv2', layer: 'conv2d', options: { filters: 5, kernel: 3, padding: 'same', bias: false } },
    { name: 'act', layer: 'activation', options: { kind: 'sigmoid' } },
    { name: 'pool', layer: 'max-pool', options: { size: 3, stride: 2 } },
    { name: 'flatten', layer: 'flatten' },
    { name: 'hidden', layer: 'dense', options: { units: 12, activation: 'relu' } },
    { name: 'out', layer: 'dense', options: { units: 10, initialiser: 'glorot-normal' } },
  ],
  output: 'out',
}, 6))
