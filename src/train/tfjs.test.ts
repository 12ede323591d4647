// Whole-model gradients against an independent library: TensorFlow.js on its CPU backend. The random models are always the same 80;
// FUZZ_COUNT and FUZZ_SEED ask for others (test-fuzz.ts).
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { layers } from '../model/layers/index.ts'
import { zoo } from '../model/zoo/index.ts'
import { textcnn } from '../model/zoo/textcnn.ts'
import { fuzzCount, fuzzSeed, isFuzzLong } from './test-fuzz.ts'
import { lacking, randomSpec } from './test-random-spec.ts'
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

test('padding of another width at each side, kernels and strides that are not square', () => compareWithTfjs({
  name: 'oblong',
  inputs: { image: [7, 6, 2], sequence: [9, 3] },
  nodes: [
    { name: 'conv', layer: 'conv2d', from: ['image'], options: { filters: 4, kernel: [3, 2], padding: { top: 0, bottom: 2, left: 3, right: 1 } } },
    { name: 'grouped', layer: 'conv2d', options: { filters: 4, kernel: [2, 3], stride: [1, 2], dilation: [2, 1], groups: 2, padding: { top: 2, bottom: 0, left: 1, right: 3 }, activation: 'tanh' } },
    { name: 'mean', layer: 'average-pool', options: { size: [3, 2], stride: [2, 1], padding: { top: 2, bottom: 0, left: 0, right: 1 } } },
    { name: 'larger', layer: 'conv2d-transpose', options: { filters: 4, kernel: [2, 3], stride: [2, 1], dilation: [1, 2], groups: 2, padding: 'valid' } },
    { name: 'largest', layer: 'max-pool', options: { size: [2, 3], stride: 2, padding: { top: 0, bottom: 1, left: 2, right: 0 } } },
    { name: 'flat', layer: 'flatten' },
    { name: 'early', layer: 'conv1d', from: ['sequence'], options: { filters: 3, kernel: 3, padding: { before: 0, after: 4 } } },
    { name: 'late', layer: 'conv1d', options: { filters: 4, kernel: 2, dilation: 2, groups: 1, padding: { before: 3, after: 0 } } },
    { name: 'means', layer: 'average-pool', options: { size: 3, stride: 2, padding: { top: 0, bottom: 2, left: 0, right: 0 } } },
    { name: 'long', layer: 'flatten' },
    { name: 'both', layer: 'concat', from: ['flat', 'long'] },
    { name: 'out', layer: 'dense', options: { units: 3 } },
  ],
  output: 'out',
}, { batchSize: 3 }))

const USUAL = 80
const SPECS = Array.from({ length: fuzzCount(USUAL) }, (_, i) => randomSpec(fuzzSeed('random', i)))

test.each(SPECS.map((spec) => [`${spec.name}: ${spec.nodes.map(({ layer }) => layer).join(' ')}`, spec] as const))('%s', (_layers, spec) => compareWithTfjs(spec, { batchSize: 3, tolerance: 1e-3 }))

test.runIf(isFuzzLong(USUAL))('random models reach every layer and what its options offer, several inputs, heads, shared and frozen params', () => {
  const seen = new Set(SPECS.flatMap(({ nodes }) => nodes.map(({ layer }) => layer)))
  expect(layers.names().filter((name) => !seen.has(name))).toEqual([])
  expect(lacking(SPECS)).toEqual([])
})
