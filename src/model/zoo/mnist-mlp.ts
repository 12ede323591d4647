// One hidden layer, 784-256-10: the smallest thing that reads MNIST at 97%.
import { defineModel } from './zoo-model.ts'

export const mnistMlp = defineModel({
  name: 'mnist-mlp',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 256, activation: 'relu' } },
    { name: 'dense2', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense2',
}, { batchSize: 64, steps: 1_500, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
