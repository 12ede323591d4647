// Models that are measured but are no part of the zoo, which has them in other sizes or with options that peers lack.
import type { ModelSpec, NodeSpec } from '../../src/model/spec.ts'

const WIDTHS = [3, 4, 5]

/** 5,000 words of 64, sentences of 50, 64 filters of each width, 4 classes. */
export const textcnn: ModelSpec = {
  name: 'textcnn',
  inputs: { x: { shape: [50], below: 5_000 } },
  nodes: [
    { name: 'words', layer: 'embedding', options: { vocabulary: 5_000, units: 64 } },
    ...WIDTHS.flatMap((width): NodeSpec[] => [
      { name: `conv${width}`, layer: 'conv1d', from: ['words'], options: { filters: 64, kernel: width, padding: 'valid', activation: 'relu' } },
      { name: `pool${width}`, layer: 'global-max-pool' },
    ]),
    { name: 'features', layer: 'concat', from: WIDTHS.map((width) => `pool${width}`) },
    { name: 'classes', layer: 'dense', options: { units: 4 } },
  ],
  output: 'classes',
}

/** 65 characters, context 64, width 64, 2 layers of 2 heads. */
export const charGpt: ModelSpec = {
  name: 'char-gpt',
  inputs: { x: { shape: [64], below: 65 } },
  nodes: [
    { name: 'characters', layer: 'embedding', options: { vocabulary: 65, units: 64 } },
    { name: 'positions', layer: 'positional-embedding' },
    ...[1, 2].flatMap((i): NodeSpec[] => {
      const from = i === 1 ? 'positions' : `block${i - 1}`
      return [
        { name: `norm${i}a`, layer: 'layer-norm', from: [from] },
        { name: `attention${i}`, layer: 'attention', options: { heads: 2, causal: true } },
        { name: `middle${i}`, layer: 'add', from: [from, `attention${i}`] },
        { name: `norm${i}b`, layer: 'layer-norm' },
        { name: `hidden${i}`, layer: 'dense', options: { units: 256, activation: 'gelu' } },
        { name: `out${i}`, layer: 'dense', options: { units: 64 } },
        { name: `block${i}`, layer: 'add', from: [`middle${i}`, `out${i}`] },
      ]
    }),
    { name: 'norm', layer: 'layer-norm' },
    { name: 'next', layer: 'dense', options: { units: 65 } },
  ],
  output: 'next',
}

/** ResNet-20 of CIFAR-10 (He et al. 2015, arXiv 1512.03385) with group norm, 1x1 convolutions where the shape changes. */
export const resnet20: ModelSpec = {
  name: 'resnet-20',
  inputs: { x: [32, 32, 3] },
  nodes: [
    ...normalised('stem', 'x', { filters: 16 }),
    { name: 'stem', layer: 'activation', options: { kind: 'relu' } },
    ...[16, 32, 64].flatMap((filters, stage) => [1, 2, 3].flatMap((i): NodeSpec[] => {
      const name = `stage${stage + 1}-${i}`
      const from = i > 1 ? `stage${stage + 1}-${i - 1}` : stage === 0 ? 'stem' : `stage${stage}-3`
      const stride = stage > 0 && i === 1 ? 2 : 1
      const shortcut: NodeSpec[] = stride === 1 ? [] : [{ name: `${name}-shortcut`, layer: 'conv2d', from: [from], options: { filters, kernel: 1, stride, bias: false } }]
      return [
        ...normalised(`${name}-a`, from, { filters, stride }),
        { name: `${name}-a`, layer: 'activation', options: { kind: 'relu' } },
        ...normalised(`${name}-b`, `${name}-a`, { filters }),
        ...shortcut,
        { name, layer: 'add', from: [`${name}-b-norm`, shortcut.length > 0 ? `${name}-shortcut` : from], options: { activation: 'relu' } },
      ]
    })),
    { name: 'pool', layer: 'global-average-pool' },
    { name: 'classes', layer: 'dense', options: { units: 10 } },
  ],
  output: 'classes',
}

function normalised(name: string, from: string, { filters, stride = 1 }: { readonly filters: number; readonly stride?: number }): NodeSpec[] {
  return [
    { name: `${name}-conv`, layer: 'conv2d', from: [from], options: { filters, kernel: 3, stride, bias: false } },
    { name: `${name}-norm`, layer: 'group-norm', options: { groups: 8 } },
  ]
}
