// Two heads on one backbone: which digit it is, and whether it is odd. The second is worth less than the first.
import { defineModel } from './zoo-model.ts'

export const multiTask = defineModel({
  name: 'multi-task',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'conv1', layer: 'conv2d', options: { filters: 16, kernel: 3, padding: 'valid', activation: 'relu' } },
    { name: 'pool1', layer: 'max-pool', options: { size: 2 } },
    { name: 'conv2', layer: 'conv2d', options: { filters: 32, kernel: 3, padding: 'valid', activation: 'relu' } },
    { name: 'pool2', layer: 'max-pool', options: { size: 2 } },
    { name: 'flatten', layer: 'flatten' },
    { name: 'features', layer: 'dense', options: { units: 64, activation: 'relu' } },
    { name: 'digit', layer: 'dense', options: { units: 10 } },
    { name: 'parity', layer: 'dense', from: ['features'], options: { units: 2 } },
  ],
  output: 'digit',
  heads: [
    { name: 'digit', from: 'digit', target: 'labels', loss: { name: 'softmax-cross-entropy' } },
    { name: 'parity', from: 'parity', target: 'odd', weight: 0.5, loss: { name: 'softmax-cross-entropy' } },
  ],
}, { batchSize: 64, steps: 1_500, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
