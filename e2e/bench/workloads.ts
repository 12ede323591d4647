// What the benchmarks train: a model with its batch and optimizer.
import type { ModelSpec } from '../../src/model/spec.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import type { OptimizerSettings } from '../../src/optim/optimizer.ts'
import { charGpt, resnet20, textcnn } from './specs.ts'

export interface Workload {
  readonly name: string
  readonly spec: ModelSpec
  readonly batchSize: number
  readonly optimizer: OptimizerSettings
  /** Measured unless workloads are named. */
  readonly standard: boolean
}

const adam: OptimizerSettings = { name: 'adam', learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }

export const workloads: readonly Workload[] = [
  { name: 'mnist-mlp', spec: zoo.get('mnist-mlp').spec, batchSize: 64, optimizer: adam, standard: true },
  { name: 'mnist-cnn', spec: zoo.get('mnist-cnn').spec, batchSize: 64, optimizer: adam, standard: true },
  { name: 'digits-cnn', spec: zoo.get('digits-cnn').spec, batchSize: 64, optimizer: adam, standard: false },
  { name: 'fedavg-cnn', spec: zoo.get('fedavg-cnn').spec, batchSize: 64, optimizer: { name: 'sgd', learningRate: 0.1 }, standard: true },
  { name: 'textcnn', spec: textcnn, batchSize: 64, optimizer: adam, standard: true },
  { name: 'char-gpt', spec: charGpt, batchSize: 8, optimizer: adam, standard: true },
  { name: 'resnet-20', spec: resnet20, batchSize: 32, optimizer: { name: 'sgd', learningRate: 0.1 }, standard: true },
]

export const workloadNamed = (name: string): Workload => workloads.find((workload) => workload.name === name)!
