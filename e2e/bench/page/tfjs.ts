// TensorFlow.js on its webgpu backend as a contestant: the same layers from the same params, its own optimizers.
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs'
import type { HostArray } from '../../../src/graph/plan.ts'
import type { Layout } from '../../../src/model/layout.ts'
import { inputShape } from '../../../src/model/spec.ts'
import type { Workload } from '../workloads.ts'
import { wired, type Contestant, type StepData, type WiredNode } from './contestant.ts'
import { applyLayer } from './tfjs-layers.ts'

export async function createTfjs({ spec, batchSize, optimizer: settings }: Workload, layout: Layout, params: Float32Array): Promise<Contestant> {
  await tf.setBackend('webgpu')
  await tf.ready()
  if (tf.getBackend() !== 'webgpu') throw new Error(`TensorFlow.js backend: must be webgpu, got ${tf.getBackend()}`)
  const variables = new Map(layout.entries.map(({ name, shape, size, packedOffset }) =>
    [name, tf.variable(tf.tensor(params.slice(packedOffset, packedOffset + size), [...shape]))]))
  const { learningRate = 1e-3, beta1, beta2, epsilon, name } = settings
  const optimizer = name === 'adam' ? tf.train.adam(learningRate, beta1, beta2, epsilon) : tf.train.sgd(learningRate)
  const nodes = wired(spec)
  const tensorOf = (key: string, values: HostArray): tf.Tensor => values instanceof Uint32Array
    ? tf.tensor(Int32Array.from(values), key === 'labels' ? [values.length] : [batchSize, ...inputShape(spec.inputs[key]!)], 'int32')
    : tf.tensor(values, [batchSize, ...inputShape(spec.inputs[key]!)])
  const minimize = (data: StepData): tf.Scalar => tf.tidy(() => {
    const inputs = new Map(Object.entries(data).map(([key, values]) => [key, tensorOf(key, values)]))
    const loss = (): tf.Scalar => {
      const logits = forward(nodes, variables, inputs)
      const rows = logits.reshape([-1, logits.shape.at(-1)!])
      return tf.losses.softmaxCrossEntropy(tf.oneHot(inputs.get('labels') as tf.Tensor1D, rows.shape[1]!), rows).asScalar()
    }
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

function forward(nodes: readonly WiredNode[], variables: ReadonlyMap<string, tf.Variable>, inputs: ReadonlyMap<string, tf.Tensor>): tf.Tensor {
  const values = new Map(inputs)
  for (const node of nodes) values.set(node.name, applyLayer(node, node.from.map((name) => values.get(name)!), (tensor) => variables.get(`${node.name}/${tensor}`)))
  return values.get(nodes.at(-1)!.name)!
}
