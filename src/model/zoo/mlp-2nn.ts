// The "2NN" of FedAvg (McMahan et al. 2017, arXiv 1602.05629): 784-200-200-10, 199,210 params.
import { defineModel } from './zoo-model.ts'

export const mlp2nn = defineModel({
  name: 'mlp-2nn',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'flatten', layer: 'flatten' },
    { name: 'dense1', layer: 'dense', options: { units: 200, activation: 'relu' } },
    { name: 'dense2', layer: 'dense', options: { units: 200, activation: 'relu' } },
    { name: 'dense3', layer: 'dense', options: { units: 10 } },
  ],
  output: 'dense3',
}, { batchSize: 64, steps: 3_000, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
