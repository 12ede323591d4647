// Residual networks (He et al. 2016, arXiv 1512.03385), with group norm (Wu and He 2018, arXiv 1803.08494), which needs no running
// statistics and no large batches, or with batch norm as in the paper. Blocks that change shape have a 1x1 convolution beside them.
import type { NodeSpec } from '../spec.ts'
import { defineModel, type ZooModel } from './zoo-model.ts'

export interface ResnetOptions {
  readonly norm?: 'group-norm' | 'batch-norm'
  readonly classes?: number
  /** Rows and columns of an image. */
  readonly size?: number
}

type Norm = NonNullable<ResnetOptions['norm']>

/** ResNet-20 for images of 32x32: three stages of three blocks, of 16, 32 and 64 channels. */
export function resnet20({ norm = 'group-norm', classes = 10, size = 32 }: ResnetOptions = {}): ZooModel {
  const net = createNet(norm, 8)
  net.normalised('stem', 'x', { filters: 16, kernel: 3 })
  net.activate('stem')
  const stages = [16, 32, 64].flatMap((channels, stage) => [1, 2, 3].map((block) => ({ name: `stage${stage + 1}-block${block}`, channels, stride: stage > 0 && block === 1 ? 2 : 1 })))
  const last = stages.reduce((from, { name, channels, stride }) => {
    net.normalised(`${name}-conv1`, from, { filters: channels, kernel: 3, stride })
    net.activate(`${name}-conv1`)
    net.normalised(`${name}-conv2`, `${name}-conv1-relu`, { filters: channels, kernel: 3 })
    return net.join({ name, from, branch: `${name}-conv2-norm`, channels, stride, changes: stride !== 1 })
  }, 'stem-relu')
  return defineModel({ name: named('resnet-20', norm), inputs: { x: [size, size, 3] }, nodes: [...net.nodes, ...ending(last, classes)], output: 'classes' }, {
    batchSize: 32, steps: 20_000,
    objectives: decayingWeights({ name: 'adamw', learningRate: 2e-3, weightDecay: 0.05 }),
    schedule: { name: 'cosine', warmupSteps: 200, totalSteps: 20_000 },
  })
}

/** ResNet-50 for images of 224x224: four stages of 3, 4, 6 and 3 bottlenecks; 25.6 million params with a thousand classes. */
export function resnet50({ norm = 'group-norm', classes = 1000, size = 224 }: ResnetOptions = {}): ZooModel {
  const net = createNet(norm, 32)
  net.normalised('stem', 'x', { filters: 64, kernel: 7, stride: 2 })
  net.activate('stem')
  net.nodes.push({ name: 'stem-pool', layer: 'max-pool', options: { size: 3, stride: 2, padding: 'same' } })
  const stages = [3, 4, 6, 3].flatMap((blocks, stage) => Array.from({ length: blocks }, (_, block) => ({
    name: `stage${stage + 1}-block${block + 1}`, channels: 64 * 2 ** stage, stride: stage > 0 && block === 0 ? 2 : 1, changes: block === 0,
  })))
  const last = stages.reduce((from, { name, channels, stride, changes }) => {
    net.normalised(`${name}-conv1`, from, { filters: channels, kernel: 1 })
    net.activate(`${name}-conv1`)
    net.normalised(`${name}-conv2`, `${name}-conv1-relu`, { filters: channels, kernel: 3, stride })
    net.activate(`${name}-conv2`)
    net.normalised(`${name}-conv3`, `${name}-conv2-relu`, { filters: 4 * channels, kernel: 1 })
    return net.join({ name, from, branch: `${name}-conv3-norm`, channels: 4 * channels, stride, changes })
  }, 'stem-pool')
  return defineModel({ name: named('resnet-50', norm), inputs: { x: [size, size, 3] }, nodes: [...net.nodes, ...ending(last, classes)], output: 'classes' }, {
    batchSize: 16, steps: 450_000, accumulate: 16,
    objectives: decayingWeights({ name: 'nesterov', learningRate: 0.1, weightDecay: 1e-4 }),
    schedule: { name: 'cosine', warmupSteps: 5_000, totalSteps: 450_000 },
  })
}

const named = (name: string, norm: Norm): string => (norm === 'group-norm' ? name : `${name}-${norm}`)

const ending = (last: string, classes: number): readonly NodeSpec[] => [
  { name: 'pool', layer: 'global-average-pool', from: [last] },
  { name: 'classes', layer: 'dense', options: { units: classes } },
]

/** Norms and biases do not decay. */
const decayingWeights = (optimizer: { readonly name: string; readonly learningRate: number; readonly weightDecay: number }): ZooModel['recipe']['objectives'] =>
  [{ params: ['*/weight'], optimizer }, { optimizer: { ...optimizer, weightDecay: 0 } }]

interface Convolution {
  readonly filters: number
  readonly kernel: number
  readonly stride?: number
}

interface Joint {
  /** Of the sum. */
  readonly name: string
  readonly from: string
  readonly branch: string
  readonly channels: number
  readonly stride: number
  /** The branch gives another shape than it got. */
  readonly changes: boolean
}

interface Net {
  readonly nodes: NodeSpec[]
  /** A convolution `name` and its norm `<name>-norm`. */
  normalised(name: string, from: string, options: Convolution): void
  /** `<name>-relu` behind `<name>-norm`. */
  activate(name: string): void
  join(joint: Joint): string
}

function createNet(norm: Norm, groups: number): Net {
  const nodes: NodeSpec[] = []
  const normalised = (name: string, from: string, options: Convolution): void => {
    nodes.push({ name, layer: 'conv2d', from: [from], options: { ...options, bias: false, initialiser: 'he-normal' } })
    nodes.push({ name: `${name}-norm`, layer: norm, options: norm === 'group-norm' ? { groups } : {} })
  }
  return {
    nodes,
    normalised,
    activate: (name) => { nodes.push({ name: `${name}-relu`, layer: 'activation', options: { kind: 'relu' } }) },
    join({ name, from, branch, channels, stride, changes }) {
      if (changes) normalised(`${name}-shortcut`, from, { filters: channels, kernel: 1, stride })
      nodes.push({ name, layer: 'add', from: [branch, changes ? `${name}-shortcut-norm` : from], options: { activation: 'relu' } })
      return name
    },
  }
}
