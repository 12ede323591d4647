// A recommender (Koren, Bell and Volinsky 2009): a rating is how far a user's and an item's vectors agree, plus a bias of each.
// Sizes are those of MovieLens 100K: 943 users, 1,682 items.
import { defineModel } from './zoo-model.ts'

const USERS = 943, ITEMS = 1682, DIMENSIONS = 16

export const matrixFactorization = defineModel({
  name: 'matrix-factorization',
  inputs: { user: { shape: [], below: USERS }, item: { shape: [], below: ITEMS } },
  nodes: [
    { name: 'user-vector', layer: 'embedding', from: ['user'], options: { vocabulary: USERS, units: DIMENSIONS, initialiser: 'lecun-normal' } },
    { name: 'item-vector', layer: 'embedding', from: ['item'], options: { vocabulary: ITEMS, units: DIMENSIONS, initialiser: 'lecun-normal' } },
    { name: 'user-bias', layer: 'embedding', from: ['user'], options: { vocabulary: USERS, units: 1, initialiser: 'zeros' } },
    { name: 'item-bias', layer: 'embedding', from: ['item'], options: { vocabulary: ITEMS, units: 1, initialiser: 'zeros' } },
    { name: 'agreement', layer: 'dot', from: ['user-vector', 'item-vector'] },
    { name: 'rating', layer: 'add', from: ['agreement', 'user-bias', 'item-bias'] },
  ],
  output: 'rating',
  heads: [{ name: 'rating', target: 'rating', loss: { name: 'mean-squared-error' } }],
}, {
  batchSize: 256, steps: 12_000,
  // Vectors are kept short, biases are not.
  objectives: [{ params: ['*-vector/*'], optimizer: { name: 'adam', learningRate: 5e-3 }, regularise: { l2: 1e-5 } }, { optimizer: { name: 'adam', learningRate: 5e-3 } }],
  schedule: { name: 'cosine', totalSteps: 12_000 },
})
