// TextCNN (Kim 2014, arXiv 1408.5882), its vectors learned from scratch: convolutions of several widths over a sentence, of
// each of which the strongest answer anywhere counts.
import type { NodeSpec } from '../spec.ts'
import { defineModel, type ZooModel } from './zoo-model.ts'

export interface TextcnnOptions {
  readonly name?: string
  readonly vocabulary?: number
  /** Words of a sentence; shorter ones are padded. */
  readonly length?: number
  readonly dimensions?: number
  readonly widths?: readonly number[]
  /** Of each width. */
  readonly filters?: number
  readonly classes?: number
  /** Of the features, while training. */
  readonly dropout?: number
}

/** As on the MR sentences; Kim's vectors have 300 dimensions. */
export function textcnn({ name = 'textcnn', vocabulary = 20_000, length = 56, dimensions = 128, widths = [3, 4, 5], filters = 100, classes = 2, dropout = 0.5 }: TextcnnOptions = {}): ZooModel {
  const branches = widths.flatMap((width): readonly NodeSpec[] => [
    { name: `conv${width}`, layer: 'conv1d', from: ['words'], options: { filters, kernel: width, padding: 'valid', activation: 'relu' } },
    { name: `pool${width}`, layer: 'global-max-pool' },
  ])
  return defineModel({
    name,
    inputs: { x: { shape: [length], below: vocabulary } },
    nodes: [
      { name: 'words', layer: 'embedding', options: { vocabulary, units: dimensions } },
      ...branches,
      { name: 'features', layer: 'concat', from: widths.map((width) => `pool${width}`) },
      ...(dropout === 0 ? [] : [{ name: 'dropout', layer: 'dropout', options: { rate: dropout } }]),
      { name: 'classes', layer: 'dense', options: { units: classes } },
    ],
    output: 'classes',
  }, { batchSize: 50, steps: 1_400, objectives: [{ optimizer: { name: 'adam', learningRate: 1e-3 } }] })
}

/** One that trains quickly, for benchmarks. */
export const textcnnSmall = textcnn({ name: 'textcnn-small', vocabulary: 5000, length: 50, dimensions: 64, filters: 64, classes: 4, dropout: 0 })
