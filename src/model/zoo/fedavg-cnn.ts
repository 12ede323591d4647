// The CNN of FedAvg (McMahan et al. 2017, arXiv 1602.05629): two 5x5 convolutions and 512 hidden units, 1,663,370 params.
import { defineModel } from './zoo-model.ts'

export const fedavgCnn = defineModel({
  name: 'fedavg-cnn',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'conv1', layer: 'conv2d', options: { filters: 32, kernel: 5, padding: 'same', activation: 'relu' } },
    { name: 'pool1', layer: 'max-pool', options: { size: 2 } },
    { name: 'conv2', layer: 'conv2d', options: { filters: 64, kernel: 5, padding: 'same', activation: 'relu' } },
    { name: 'pool2', layer: 'max-pool', options: { size: 2 } },
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 512, activation: 'relu' } },
    { name: 'dense2', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense2',
}, { batchSize: 64, steps: 5_000, objectives: [{ optimizer: { name: 'momentum', learningRate: 0.05 } }], schedule: { name: 'cosine', totalSteps: 5_000 } })
