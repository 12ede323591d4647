// Softmax cross-entropy, fused and stable (the row maximum is subtracted), with the weight of each example:
// a weight of 0 marks padding, 1/batch makes a mean, 1 a sum.
import { defineKernel, dim, linearGrid, type Algorithm, type Dims, type NumberArray } from './kernel.ts'

const rows = (d: Dims): number => dim(d, 'N')
const cells = (d: Dims): number => dim(d, 'N') * dim(d, 'CLASSES')

const rowPerInvocation = (shader: string): Algorithm => ({
  name: 'rows',
  shader: `kernels/${shader}.wgsl`,
  variants: [{ X: 64 }, { X: 4 }],
  workgroup: (_, c) => [dim(c, 'X'), 1, 1],
  grid: (d, c) => linearGrid(rows(d), dim(c, 'X')),
})

export const softmaxCrossEntropy = defineKernel({
  name: 'softmax-cross-entropy',
  formula: 'loss[N] = weights[N] * (log(sum exp(logits[N,:])) - logits[N,labels[N]]); correct[N] = weights[N] > 0 and argmax(logits[N,:]) = labels[N]',
  buffers: {
    logits: { access: 'read', element: 'f32', length: cells },
    labels: { access: 'read', element: 'u32', length: rows, range: (d) => [0, dim(d, 'CLASSES')] },
    weights: { access: 'read', element: 'f32', length: rows },
    loss: { access: 'write', element: 'f32', length: rows },
    correct: { access: 'write', element: 'f32', length: rows },
  },
  algorithms: [rowPerInvocation('softmax-cross-entropy')],
  flops: (d) => 4 * cells(d),
  reference(d, { logits, labels, weights, loss, correct }) {
    const classes = dim(d, 'CLASSES')
    for (let n = 0; n < rows(d); n++) {
      const { best, maximum, total } = rowStatistics(logits!, n * classes, classes)
      const label = labels![n]!
      loss![n] = weights![n]! * (maximum + Math.log(total) - logits![n * classes + label]!)
      correct![n] = weights![n]! > 0 && best === label ? 1 : 0
    }
  },
  probes: [{ N: 7, CLASSES: 10 }, { N: 64, CLASSES: 10 }, { N: 3, CLASSES: 65 }],
})

export const softmaxCrossEntropyGradient = defineKernel({
  name: 'softmax-cross-entropy-gradient',
  formula: 'dlogits[N,CLASSES] = weights[N] * upstream[N] * (softmax(logits) - onehot(labels)); upstream is 1 where not bound',
  buffers: {
    logits: { access: 'read', element: 'f32', length: cells },
    labels: { access: 'read', element: 'u32', length: rows, range: (d) => [0, dim(d, 'CLASSES')] },
    weights: { access: 'read', element: 'f32', length: rows },
    upstream: { access: 'read', element: 'f32', length: rows, bound: (d) => d['UPSTREAM'] === 1 },
    dlogits: { access: 'write', element: 'f32', length: cells },
  },
  algorithms: [rowPerInvocation('softmax-cross-entropy-gradient')],
  flops: (d) => 4 * cells(d),
  reference(d, { logits, labels, weights, upstream, dlogits }) {
    const classes = dim(d, 'CLASSES')
    for (let n = 0; n < rows(d); n++) {
      const { maximum, total } = rowStatistics(logits!, n * classes, classes)
      const scale = weights![n]! * (d['UPSTREAM'] === 1 ? upstream![n]! : 1)
      for (let k = 0; k < classes; k++) {
        const probability = Math.exp(logits![n * classes + k]! - maximum) / total
        dlogits![n * classes + k] = scale * (probability - (labels![n] === k ? 1 : 0))
      }
    }
  },
  probes: [{ N: 7, CLASSES: 10, UPSTREAM: 0 }, { N: 64, CLASSES: 10, UPSTREAM: 1 }, { N: 3, CLASSES: 65, UPSTREAM: 0 }],
})

function rowStatistics(logits: NumberArray, at: number, classes: number): { best: number; maximum: number; total: number } {
  let best = 0
  for (let k = 1; k < classes; k++) if (logits[at + k]! > logits[at + best]!) best = k
  const maximum = logits[at + best]!
  let total = 0
  for (let k = 0; k < classes; k++) total += Math.exp(logits[at + k]! - maximum)
  return { best, maximum, total }
}
