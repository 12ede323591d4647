// Two small convolutions: reads drawn digits well and still trains quickly where WebGPU is emulated on a CPU.
import { defineModel } from './zoo-model.ts'

export const digitsCnn = defineModel({
  name: 'digits-cnn',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'conv1', layer: 'conv2d', options: { filters: 16, kernel: 3, padding: 'valid', activation: 'relu' } },
    { name: 'pool1', layer: 'max-pool', options: { size: 2 } },
    { name: 'conv2', layer: 'conv2d', options: { filters: 32, kernel: 3, padding: 'valid', activation: 'relu' } },
    { name: 'pool2', layer: 'max-pool', options: { size: 2 } },
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 64, activation: 'relu' } },
    { name: 'dense2', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense2',
}, { batchSize: 64, steps: 600, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
