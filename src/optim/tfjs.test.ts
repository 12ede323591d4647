// Twenty steps of each optimizer that TensorFlow.js has, on its CPU backend, from the same params with the same gradients.
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import type { OptimizerSettings } from './optimizer.ts'
import { createServerOptimizer } from './server-optimizer.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
  await tf.ready()
})

// Not adadelta: the peer divides by the mean of squares before this step's gradient, unlike the paper, PyTorch and Keras.
// Where the peer puts its epsilon under the root, or on the other side of a maximum, a small one makes no difference.
const peers: readonly (readonly [OptimizerSettings & { learningRate: number }, () => tf.Optimizer])[] = [
  [{ name: 'sgd', learningRate: 0.1 }, () => tf.train.sgd(0.1)],
  [{ name: 'momentum', learningRate: 0.05, beta1: 0.8 }, () => tf.train.momentum(0.05, 0.8)],
  [{ name: 'nesterov', learningRate: 0.05, beta1: 0.8 }, () => tf.train.momentum(0.05, 0.8, true)],
  [{ name: 'adagrad', learningRate: 0.1, initialAccumulator: 0.1 }, () => tf.train.adagrad(0.1, 0.1)],
  [{ name: 'rmsprop', learningRate: 0.01, beta2: 0.9, epsilon: 1e-8 }, () => tf.train.rmsprop(0.01, 0.9, 0, 1e-16)],
  [{ name: 'rmsprop', learningRate: 0.01, beta1: 0.7, beta2: 0.9, epsilon: 1e-8 }, () => tf.train.rmsprop(0.01, 0.9, 0.7, 1e-16)],
  [{ name: 'adam', learningRate: 0.01, epsilon: 1e-7 }, () => tf.train.adam(0.01, 0.9, 0.999, 1e-7)],
  [{ name: 'adamax', learningRate: 0.01, epsilon: 1e-8 }, () => tf.train.adamax(0.01, 0.9, 0.999, 1e-8)],
]

test.each(peers)('%o', (settings, createPeer) => {
  const size = 12, steps = 20
  const params = Float32Array.from({ length: size }, (_, i) => Math.cos(i))
  const ours = createServerOptimizer(settings, size)
  const peer = createPeer()
  const theirs = tf.variable(tf.tensor1d(params.slice()), true, 'p')
  for (let step = 0; step < steps; step++) {
    const grads = Float32Array.from({ length: size }, (_, i) => Math.sin(step * 3 + i) + 0.1)
    ours.step(params, grads)
    peer.applyGradients({ p: tf.tensor1d(grads) })
  }
  const expected = theirs.dataSync()
  params.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
  theirs.dispose()
})
