// TensorFlow.js on its webgpu backend as a contestant: the same layers from the same params, its own optimizers.
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs'
import type { Layout } from '../../../src/model/layout.ts'
import { inputShape, type ModelSpec, type NodeSpec } from '../../../src/model/spec.ts'
import type { Workload } from '../workloads.ts'
import type { Contestant, StepData } from './training.ts'

export async function createTfjs(spec: ModelSpec, layout: Layout, workload: Workload, params: Float32Array): Promise<Contestant> {
  await tf.setBackend('webgpu')
  await tf.ready()
  if (tf.getBackend() !== 'webgpu') throw new Error(`TensorFlow.js backend: must be webgpu, got ${tf.getBackend()}`)
  const variables = new Map(layout.entries.map(({ name, shape, size, packedOffset }) =>
    [name, tf.variable(tf.tensor(params.slice(packedOffset, packedOffset + size), [...shape]))]))
  const { learningRate, beta1, beta2, epsilon, name } = workload.optimizer
  const optimizer = name === 'adam' ? tf.train.adam(learningRate, beta1, beta2, epsilon) : tf.train.sgd(learningRate)
  const shape = inputShape(Object.values(spec.inputs)[0]!)
  const minimize = ({ x, labels }: StepData): tf.Scalar => tf.tidy(() => {
    const images = tf.tensor(x, [workload.batchSize, ...shape])
    const targets = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 10)
    const loss = (): tf.Scalar => tf.losses.softmaxCrossEntropy(targets, forward(spec, variables, images)).asScalar()
    return optimizer.minimize(loss, true, [...variables.values()]) as tf.Scalar
  })
  return {
    async lossOf(data) {
      const loss = minimize(data)
      const [value] = await loss.data()
      loss.dispose()
      return value!
    },
    async steps(batches) {
      let last: tf.Scalar | undefined
      for (const data of batches) {
        last?.dispose()
        last = minimize(data)
      }
      // Its queue runs ahead of the CPU; reading the last loss waits for all of it.
      await last?.data()
      last?.dispose()
    },
    dispose() {
      for (const variable of variables.values()) variable.dispose()
      optimizer.dispose()
    },
  }
}

type Variables = ReadonlyMap<string, tf.Variable>

function forward(spec: ModelSpec, variables: Variables, images: tf.Tensor): tf.Tensor {
  return spec.nodes.reduce((x, node) => layer(node, variables, x), images)
}

interface Options { kernel?: number; padding?: 'same' | 'valid'; size?: number; activation?: string }

function layer({ name, layer: kind, options = {} }: NodeSpec, variables: Variables, x: tf.Tensor): tf.Tensor {
  const { padding, size = 2, activation: act } = options as Options
  const weight = variables.get(`${name}/weight`), bias = variables.get(`${name}/bias`)
  switch (kind) {
    case 'flatten': return x.reshape([x.shape[0]!, -1])
    case 'max-pool': return tf.maxPool(x as tf.Tensor4D, size, size, 'valid')
    case 'dense': return activate(tf.add(tf.matMul(x as tf.Tensor2D, weight as unknown as tf.Tensor2D), bias!), act)
    case 'conv2d': return activate(tf.add(tf.conv2d(x as tf.Tensor4D, weight as unknown as tf.Tensor4D, 1, padding ?? 'same'), bias!), act)
    default: throw new Error(`TensorFlow.js contestant: must know the layer ${kind}. Add it here.`)
  }
}

const activate = (x: tf.Tensor, name: string | undefined): tf.Tensor => name === 'relu' ? tf.relu(x) : x
