// One hidden layer, 784-256-10: the smallest thing that reads MNIST at 97%.
import type { ModelSpec } from '../spec.ts'

export const mnistMlp: ModelSpec = {
  name: 'mnist-mlp',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 256, activation: 'relu' } },
    { name: 'dense2', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense2',
}
