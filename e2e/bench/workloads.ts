// What the benchmarks train: a model of the zoo with its batch and optimizer.
import type { OptimizerSettings } from '../../src/optim/optimizer.ts'

export interface Workload {
  /** Key in the model zoo. */
  readonly name: string
  readonly batchSize: number
  readonly optimizer: OptimizerSettings & { readonly learningRate: number }
  /** Steps over which losses must agree with the peer's. */
  readonly checkSteps: number
  /** Measured unless workloads are named. */
  readonly standard: boolean
}

const adam: Workload['optimizer'] = { name: 'adam', learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }

export const workloads: readonly Workload[] = [
  { name: 'mnist-mlp', batchSize: 64, optimizer: adam, checkSteps: 20, standard: true },
  { name: 'mnist-cnn', batchSize: 64, optimizer: adam, checkSteps: 5, standard: true },
  { name: 'digits-cnn', batchSize: 64, optimizer: adam, checkSteps: 3, standard: false },
  { name: 'fedavg-cnn', batchSize: 64, optimizer: { name: 'sgd', learningRate: 0.1 }, checkSteps: 2, standard: false },
]
