// Softmax cross-entropy, fused and stable (the row maximum is subtracted): the mean over an example's positions, times the
// example's weight. A weight of 0 marks padding, 1/batch makes a mean, 1 a sum. Options: label smoothing (Szegedy et al. 2016,
// arXiv 1512.00567; SMOOTHING is an f32 given by its bits) and a weight for each class.
import { bitsFloat, floatBits } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims, type NumberArray, type OneDispatch } from './kernel.ts'
import { bySubgroups } from './subgroups.ts'

const examples = (d: Dims): number => dim(d, 'N')
const rows = (d: Dims): number => dim(d, 'N') * dim(d, 'T')
const cells = (d: Dims): number => rows(d) * dim(d, 'CLASSES')

const inputs = {
  logits: { access: 'read', element: 'f32', half: true, length: cells },
  labels: { access: 'read', element: 'u32', length: rows, range: (d) => [0, dim(d, 'CLASSES')] },
  weights: { access: 'read', element: 'f32', length: examples },
  classes: { access: 'read', element: 'f32', length: (d) => dim(d, 'CLASSES'), bound: (d) => d['WEIGHTED'] === 1 },
} as const satisfies Record<string, BufferDeclaration>

/** Losses of positions become those of examples in shaders that serve distillation too. */
const shaderOf = (name: string): string => `kernels/${name === 'examples' || name === 'positions' ? 'position-loss' : 'softmax-cross-entropy'}/${name}.wgsl`

const invocationPer = (name: 'examples' | 'gradient-rows', include: string, count: (d: Dims) => number): OneDispatch => ({
  name,
  shader: shaderOf(name),
  includes: [`kernels/softmax-cross-entropy/${include}.wgsl`],
  suits: 'software',
  variants: [{ X: 16 }],
  grid: (d, c) => linearGrid(count(d), dim(c, 'X')),
})

const workgroupPer = (name: 'positions' | 'gradient-workgroup', include: string, count: (d: Dims) => number): OneDispatch => ({
  ...invocationPer('examples', include, count),
  name,
  suits: 'gpu',
  variants: [{ X: 64 }],
  shader: shaderOf(name),
  fits: (d, c) => (name === 'positions' ? dim(d, 'T') > 1 : 4 * dim(d, 'CLASSES') >= dim(c, 'X')),
  grid: (d) => [count(d), 1, 1],
})

const plain = { T: 1, SMOOTHING: 0, WEIGHTED: 0 }
const probes: readonly Dims[] = [
  { ...plain, N: 7, CLASSES: 10 },
  { ...plain, N: 64, CLASSES: 10 },
  { ...plain, N: 3, CLASSES: 65 },
  { N: 5, T: 9, CLASSES: 65, SMOOTHING: 0, WEIGHTED: 0 },
  { N: 6, T: 1, CLASSES: 17, SMOOTHING: floatBits(0.1), WEIGHTED: 0 },
  { N: 4, T: 3, CLASSES: 20, SMOOTHING: floatBits(0.25), WEIGHTED: 1 },
  { N: 2, T: 2, CLASSES: 300, SMOOTHING: floatBits(0.25), WEIGHTED: 1 },
]

/** Many classes: invocations of a workgroup share a row. */
const classesSideBySide: Algorithm = {
  name: 'classes',
  suits: 'gpu',
  shader: 'kernels/softmax-cross-entropy/classes.wgsl',
  variants: [{ X: 64 }, { X: 256 }],
  fits: (d, c) => dim(d, 'CLASSES') >= dim(c, 'X'),
  grid: (d) => [examples(d), 1, 1],
}

export const softmaxCrossEntropy = defineKernel({
  name: 'softmax-cross-entropy',
  formula: 'loss[N] = weights[N] * mean over T of classes[label] * (log(sum exp(z)) - (1 - SMOOTHING) * z[label] - SMOOTHING * mean(z)) of rows z of logits[N,T,CLASSES], label = labels[N,T]; correct[N] = weights[N] > 0 ? mean over T of (argmax(z) = label) : 0',
  buffers: {
    ...inputs,
    loss: { access: 'write', element: 'f32', length: examples },
    correct: { access: 'write', element: 'f32', length: examples },
  },
  algorithms: [workgroupPer('positions', 'row', examples), classesSideBySide, bySubgroups(classesSideBySide), invocationPer('examples', 'row', examples)],
  flops: (d) => 4 * cells(d),
  reference(d, { logits, labels, weights, classes, loss, correct }) {
    const width = dim(d, 'CLASSES'), positions = dim(d, 'T'), smoothing = bitsFloat(dim(d, 'SMOOTHING'))
    for (let n = 0; n < examples(d); n++) {
      let sum = 0, hits = 0
      for (let r = n * positions; r < (n + 1) * positions; r++) {
        const { best, maximum, total, mean } = rowStatistics(logits!, r * width, width)
        const label = labels![r]!
        const own = maximum + Math.log(total) - (1 - smoothing) * logits![r * width + label]! - smoothing * mean
        sum += own * (d['WEIGHTED'] === 1 ? classes![label]! : 1)
        hits += best === label ? 1 : 0
      }
      loss![n] = weights![n]! * (sum / positions)
      correct![n] = weights![n]! > 0 ? hits / positions : 0
    }
  },
  probes,
})

export const softmaxCrossEntropyGradient = defineKernel({
  name: 'softmax-cross-entropy-gradient',
  formula: 'dlogits[N,T,CLASSES] = weights[N] * upstream[N] / T * classes[label] * (softmax(z) - (1 - SMOOTHING) * onehot(label) - SMOOTHING / CLASSES); upstream is 1 where not bound',
  buffers: {
    ...inputs,
    upstream: { access: 'read', element: 'f32', length: examples, bound: (d) => d['UPSTREAM'] === 1 },
    dlogits: { access: 'write', element: 'f32', half: true, length: cells },
  },
  algorithms: [workgroupPer('gradient-workgroup', 'gradient-problem', rows), bySubgroups(workgroupPer('gradient-workgroup', 'gradient-problem', rows)), invocationPer('gradient-rows', 'gradient-problem', rows)],
  flops: (d) => 4 * cells(d),
  reference(d, { logits, labels, weights, classes, upstream, dlogits }) {
    const width = dim(d, 'CLASSES'), positions = dim(d, 'T'), smoothing = bitsFloat(dim(d, 'SMOOTHING'))
    for (let r = 0; r < rows(d); r++) {
      const { maximum, total } = rowStatistics(logits!, r * width, width)
      const n = Math.floor(r / positions), label = labels![r]!
      const scale = (weights![n]! / positions) * (d['UPSTREAM'] === 1 ? upstream![n]! : 1) * (d['WEIGHTED'] === 1 ? classes![label]! : 1)
      for (let k = 0; k < width; k++) {
        const probability = Math.exp(logits![r * width + k]! - maximum) / total
        dlogits![r * width + k] = scale * (probability - (label === k ? 1 - smoothing : 0) - smoothing / width)
      }
    }
  },
  probes: probes.map((probe, i) => ({ ...probe, UPSTREAM: i % 2 })),
})

function rowStatistics(logits: NumberArray, at: number, classes: number): { best: number; maximum: number; total: number; mean: number } {
  let best = 0
  for (let k = 1; k < classes; k++) if (logits[at + k]! > logits[at + best]!) best = k
  const maximum = logits[at + best]!
  let total = 0, sum = 0
  for (let k = 0; k < classes; k++) {
    total += Math.exp(logits[at + k]! - maximum)
    sum += logits[at + k]!
  }
  return { best, maximum, total, mean: sum / classes }
}
