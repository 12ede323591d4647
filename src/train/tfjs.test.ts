// Whole-model gradients against an independent library: TensorFlow.js on its CPU backend.
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { layers } from '../model/layers/index.ts'
import { zoo } from '../model/zoo/index.ts'
import { textcnn } from '../model/zoo/textcnn.ts'
import { randomSpec, reached } from './test-random-spec.ts'
import { compareWithTfjs } from './test-tfjs.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
  await tf.ready()
})

/** Strokes on black, mostly zeros, as in MNIST. */
const strokes = (count: number): Float32Array => {
  const rng = createRng('strokes')
  return Float32Array.from({ length: count * 784 }, () => (rng.uniform() < 0.25 ? rng.uniform() : 0))
}

test.each([['mnist-mlp', 16], ['mlp-2nn', 8], ['mnist-cnn', 8], ['digits-cnn', 4], ['fedavg-cnn', 1], ['multi-task', 3], ['autoencoder', 3], ['lenet', 2]] as const)('%s', (name, batchSize) => compareWithTfjs(zoo.get(name).spec, { batchSize, inputs: { x: strokes(batchSize) } }), 60_000)

test.each([['matrix-factorization', 5], ['char-gpt-pico', 2]] as const)('%s', (name, batchSize) => compareWithTfjs(zoo.get(name).spec, { batchSize }), 60_000)

test('textcnn of few words', () => compareWithTfjs(textcnn({ vocabulary: 50, length: 12, dimensions: 16, filters: 9 }).spec, { batchSize: 4 }))

test('strides, same padding, overlapping pools and every activation', () => compareWithTfjs({
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
}, { batchSize: 6 }))

const SPECS = Array.from({ length: 80 }, (_, i) => randomSpec(`random ${i}`))

test.each(SPECS.map((spec) => [spec.nodes.map(({ layer }) => layer).join(' '), spec] as const))('random: %s', (_layers, spec) => compareWithTfjs(spec, { batchSize: 3, tolerance: 1e-3 }))

test('random models reach every layer, several inputs, heads, shared and frozen params', () => {
  const seen = new Set(SPECS.flatMap(({ nodes }) => nodes.map(({ layer }) => layer)))
  expect(layers.names().filter((name) => !seen.has(name))).toEqual([])
  expect(reached(SPECS)).toEqual({ inputs: true, heads: true, shares: true, frozen: true })
})
