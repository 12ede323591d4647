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

/**
 * Where a step is as small as this, rounding stays rounding: at a rate of 0.1 a change of 1e-5 in the initial params moves losses of the
 * FedAvg CNN by 50% within 20 steps and of ResNet-20 by 1%, as units and windows flip, and no two libraries round alike.
 */
const sgd: OptimizerSettings = { name: 'sgd', learningRate: 0.002 }

export const workloads: readonly Workload[] = [
  { name: 'mnist-mlp', spec: zoo.get('mnist-mlp').spec, batchSize: 64, optimizer: adam, standard: true },
  { name: 'mnist-cnn', spec: zoo.get('mnist-cnn').spec, batchSize: 64, optimizer: adam, standard: true },
  { name: 'digits-cnn', spec: zoo.get('digits-cnn').spec, batchSize: 64, optimizer: adam, standard: false },
  { name: 'fedavg-cnn', spec: zoo.get('fedavg-cnn').spec, batchSize: 64, optimizer: sgd, standard: true },
  { name: 'textcnn', spec: textcnn, batchSize: 64, optimizer: adam, standard: true },
  { name: 'char-gpt', spec: charGpt, batchSize: 8, optimizer: adam, standard: true },
  { name: 'resnet-20', spec: resnet20, batchSize: 32, optimizer: sgd, standard: true },
]

export const workloadNamed = (name: string): Workload => workloads.find((workload) => workload.name === name)!
