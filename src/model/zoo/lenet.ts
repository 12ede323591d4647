// LeNet-5 (LeCun et al. 1998), each feature map of the second convolution reading all of the first: 61,706 params.
import { defineModel } from './zoo-model.ts'

export const lenet = defineModel({
  name: 'lenet',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'conv1', layer: 'conv2d', options: { filters: 6, kernel: 5, padding: 'same', activation: 'tanh' } },
    { name: 'pool1', layer: 'average-pool', options: { size: 2 } },
    { name: 'conv2', layer: 'conv2d', options: { filters: 16, kernel: 5, padding: 'valid', activation: 'tanh' } },
    { name: 'pool2', layer: 'average-pool', options: { size: 2 } },
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 120, activation: 'tanh' } },
    { name: 'dense2', layer: 'dense', options: { units: 84, activation: 'tanh' } },
    { name: 'dense3', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense3',
}, { batchSize: 64, steps: 3_000, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
