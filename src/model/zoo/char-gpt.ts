// Transformers that continue text character by character (GPT-2: Radford et al. 2019; norms come before the sublayers). Each
// position of x predicts the character after it. `nano` learns tinyshakespeare to less than 1.95 nats a character in 2,000 steps.
import type { Recipe } from '../recipe.ts'
import type { NodeSpec } from '../spec.ts'
import { defineModel, type ZooModel } from './zoo-model.ts'

export interface CharGptOptions {
  readonly name: string
  readonly layers: number
  readonly heads: number
  readonly units: number
  /** Characters that it sees. */
  readonly context: number
  /** Different characters; tinyshakespeare has 65. */
  readonly vocabulary?: number
  readonly dropout?: number
  readonly recipe: Recipe
}

export function charGpt({ name, layers, heads, units, context, vocabulary = 65, dropout = 0, recipe }: CharGptOptions): ZooModel {
  const drop = (node: string): readonly NodeSpec[] => (dropout === 0 ? [] : [{ name: `${node}-dropout`, layer: 'dropout', options: { rate: dropout } }])
  const sublayer = (node: string, from: string, nodes: readonly NodeSpec[]): readonly NodeSpec[] => {
    const branch = [{ name: `${node}-norm`, layer: 'layer-norm', from: [from] }, ...nodes, ...drop(node)]
    return [...branch, { name: node, layer: 'add', from: [from, branch.at(-1)!.name] }]
  }
  const blocks = Array.from({ length: layers }, (_, i) => [
    ...sublayer(`attend${i + 1}`, i === 0 ? 'positions' : `think${i}`, [{ name: `attention${i + 1}`, layer: 'attention', options: { heads, causal: true } }]),
    ...sublayer(`think${i + 1}`, `attend${i + 1}`, [
      { name: `widen${i + 1}`, layer: 'dense', options: { units: 4 * units, activation: 'gelu' } },
      { name: `narrow${i + 1}`, layer: 'dense', options: { units } },
    ]),
  ])
  return defineModel({
    name,
    inputs: { x: { shape: [context], below: vocabulary } },
    nodes: [
      { name: 'characters', layer: 'embedding', options: { vocabulary, units } },
      { name: 'positions', layer: 'positional-embedding' },
      ...blocks.flat(),
      { name: 'norm', layer: 'layer-norm' },
      { name: 'next', layer: 'dense', options: { units: vocabulary, bias: false } },
    ],
    output: 'next',
  }, recipe)
}

/** Matrices decay; biases, norms and embeddings do not. Rates and steps are those of nanoGPT for models of this size. */
const recipe = (batchSize: number, steps: number): Recipe => ({
  batchSize, steps,
  objectives: [1, 0].map((decays) => ({
    ...(decays === 1 ? { params: ['attention*', 'widen*', 'narrow*', 'next*', '!*bias'] } : {}),
    optimizer: { name: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 * decays },
  })),
  schedule: { name: 'cosine', warmupSteps: 100, totalSteps: steps, finalFraction: 0.1 },
  clip: { by: 'global-norm', limit: 1 },
})

export const charGpts: readonly ZooModel[] = [
  /** Small enough for benchmarks on a processor. */
  charGpt({ name: 'char-gpt-pico', layers: 2, heads: 2, units: 64, context: 64, recipe: recipe(8, 2_000) }),
  charGpt({ name: 'char-gpt-nano', layers: 4, heads: 4, units: 128, context: 64, recipe: recipe(12, 2_000) }),
  charGpt({ name: 'char-gpt-micro', layers: 6, heads: 6, units: 192, context: 128, dropout: 0.1, recipe: recipe(32, 5_000) }),
  charGpt({ name: 'char-gpt-mini', layers: 6, heads: 6, units: 384, context: 256, dropout: 0.2, recipe: recipe(64, 5_000) }),
]
