// One convolution: conv 3x3x32 valid, relu, max-pool 2, dense 10.
import { defineModel } from './zoo-model.ts'

export const mnistCnn = defineModel({
  name: 'mnist-cnn',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'conv1', layer: 'conv2d', options: { filters: 32, kernel: 3, padding: 'valid', activation: 'relu' } },
    { name: 'pool1', layer: 'max-pool', options: { size: 2 } },
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense1',
}, { batchSize: 64, steps: 2_000, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
