// Reductions over one axis, their gradient (broadcast), and the running metrics of a lease.
import { ceilDiv } from '../base/math.ts'
import { addSplits, defineKernel, dim, linearGrid, own, WORKSPACE, type Algorithm, type Dims, type OneDispatch } from './kernel.ts'
import { bySubgroups } from './subgroups.ts'

const whole = (d: Dims): number => dim(d, 'OUTER') * dim(d, 'AXIS') * dim(d, 'INNER')
const reduced = (d: Dims): number => dim(d, 'OUTER') * dim(d, 'INNER')
const probes: readonly Dims[] = [
  { OUTER: 1, AXIS: 77, INNER: 33 },
  { OUTER: 1, AXIS: 640, INNER: 32 },
  { OUTER: 5, AXIS: 9, INNER: 3 },
  { OUTER: 1, AXIS: 1000, INNER: 1 },
  { OUTER: 2, AXIS: 2100, INNER: 5 },
]

/** Columns of a workgroup side by side, its rows down the axis: tall matrices keep many invocations busy. */
const reduceWorkgroup: Algorithm = {
  name: 'workgroup',
  suits: 'gpu',
  shader: 'kernels/reduce/workgroup.wgsl',
  includes: ['kernels/reduce/whole.wgsl'],
  variants: [{ X: 16, Y: 16 }, { X: 4, Y: 64 }, { X: 64, Y: 4 }],
  fits: (d) => dim(d, 'OUTER') <= 65_535,
  grid: (d, c) => [ceilDiv(dim(d, 'INNER'), dim(c, 'X')), dim(d, 'OUTER'), 1],
}

/** Sums so long and so few that one dispatch leaves most of a GPU idle: biases of early layers. */
const reduceSplit: Algorithm = {
  name: 'split',
  suits: 'gpu',
  variants: [{ X: 16, Y: 16, SPLITS: 32 }, { X: 16, Y: 16, SPLITS: 128 }],
  fits: (d, c) => dim(d, 'AXIS') >= dim(c, 'Y') * dim(c, 'SPLITS') && dim(d, 'OUTER') * ceilDiv(dim(d, 'INNER'), dim(c, 'X')) <= 128,
  workspace: (d, c) => dim(c, 'SPLITS') * reduced(d),
  dispatches: (d, c) => [
    {
      shader: 'kernels/reduce/workgroup.wgsl',
      includes: ['kernels/reduce/split.wgsl'],
      binds: own('x', WORKSPACE),
      workgroup: [dim(c, 'X'), dim(c, 'Y'), 1],
      grid: [ceilDiv(dim(d, 'INNER'), dim(c, 'X')), dim(d, 'OUTER'), dim(c, 'SPLITS')],
    },
    { ...addSplits('kernels/reduce/add-splits.wgsl', reduced(d), c), binds: own(WORKSPACE, 'y') },
  ],
}

/** One output for each workgroup: sums of rows. */
const reduceRow: Algorithm = {
  name: 'row',
  shader: 'kernels/reduce/row.wgsl',
  variants: [{ X: 64 }, { X: 256 }],
  fits: (d, c) => dim(d, 'INNER') === 1 && dim(d, 'AXIS') >= dim(c, 'X') && dim(d, 'OUTER') <= 65_535,
  grid: (d) => [dim(d, 'OUTER'), 1, 1],
}

const reduceSerial: OneDispatch = {
  name: 'serial',
  shader: 'kernels/reduce/serial.wgsl',
  variants: [{ X: 4 }, { X: 64 }],
  grid: (d, c) => linearGrid(reduced(d), dim(c, 'X')),
}

/** For adapters that take longer to compile a sum than to compute it: all sums of a program are one pipeline. */
const reduceSerialShared: Algorithm = {
  ...reduceSerial,
  name: 'serial-shared',
  suits: 'software',
  numbers: (d) => ({ OUTER: dim(d, 'OUTER'), AXIS: dim(d, 'AXIS'), INNER: dim(d, 'INNER') }),
}

export const reduce = defineKernel({
  name: 'reduce',
  formula: 'y[OUTER,INNER] = sum over AXIS of x[OUTER,AXIS,INNER], divided by AXIS where MEAN = 1',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: whole },
    y: { access: 'write', element: 'f32', length: reduced },
  },
  algorithms: [reduceWorkgroup, reduceSplit, bySubgroups(reduceRow), reduceSerial, reduceSerialShared],
  flops: whole,
  reference(d, { x, y }) {
    const axis = dim(d, 'AXIS'), inner = dim(d, 'INNER')
    for (let o = 0; o < dim(d, 'OUTER'); o++) for (let i = 0; i < inner; i++) {
      let sum = 0
      for (let a = 0; a < axis; a++) sum += x![(o * axis + a) * inner + i]!
      y![o * inner + i] = d['MEAN'] === 1 ? sum / axis : sum
    }
  },
  probes: probes.flatMap((p) => [{ ...p, MEAN: 0 }, { ...p, MEAN: 1 }]),
})

export const broadcast = defineKernel({
  name: 'broadcast',
  formula: 'y[OUTER,AXIS,INNER] = x[OUTER,INNER], divided by AXIS where MEAN = 1',
  buffers: {
    x: { access: 'read', element: 'f32', length: reduced },
    y: { access: 'write', element: 'f32', half: true, length: whole },
  },
  algorithms: [{
    name: 'linear',
    shader: 'kernels/broadcast.wgsl',
    variants: [{ X: 64 }, { X: 256 }],
    grid: (d, c) => linearGrid(whole(d), dim(c, 'X')),
  }],
  flops: whole,
  reference(d, { x, y }) {
    const axis = dim(d, 'AXIS'), inner = dim(d, 'INNER')
    for (let o = 0; o < dim(d, 'OUTER'); o++) for (let a = 0; a < axis; a++) for (let i = 0; i < inner; i++) {
      y![(o * axis + a) * inner + i] = x![o * inner + i]! / (d['MEAN'] === 1 ? axis : 1)
    }
  },
  probes: probes.flatMap((p) => [{ ...p, MEAN: 0 }, { ...p, MEAN: 1 }]),
})

/** Layout of the metrics buffer; the fourth element is unused. */
export const METRICS = { loss: 0, correct: 1, examples: 2, length: 4 } as const

const accumulateIn = (name: string, X: number): Algorithm => ({ name, shader: 'kernels/accumulate-metrics.wgsl', variants: [{ X }], grid: () => [1, 1, 1] })

export const accumulateMetrics = defineKernel({
  name: 'accumulate-metrics',
  formula: 'metrics[0] += sum of loss[N]; metrics[1] += sum of correct[N] (where CORRECT = 1); metrics[2] += number of weights[N] > 0',
  buffers: {
    loss: { access: 'read', element: 'f32', length: (d) => dim(d, 'N') },
    correct: { access: 'read', element: 'f32', length: (d) => dim(d, 'N'), bound: (d) => d['CORRECT'] === 1 },
    weights: { access: 'read', element: 'f32', length: (d) => dim(d, 'N') },
    metrics: { access: 'update', element: 'f32', length: () => METRICS.length },
  },
  algorithms: [accumulateIn('workgroup', 64), { ...accumulateIn('small-workgroup', 4), suits: 'software' }],
  flops: (d) => 3 * dim(d, 'N'),
  reference(d, { loss, correct, weights, metrics }) {
    let lossSum = 0, correctSum = 0, examples = 0
    for (let n = 0; n < dim(d, 'N'); n++) {
      lossSum += loss![n]!
      correctSum += d['CORRECT'] === 1 ? correct![n]! : 0
      examples += weights![n]! > 0 ? 1 : 0
    }
    metrics![METRICS.loss]! += lossSum
    metrics![METRICS.correct]! += correctSum
    metrics![METRICS.examples]! += examples
  },
  probes: [{ N: 7, CORRECT: 1 }, { N: 64, CORRECT: 0 }, { N: 300, CORRECT: 1 }],
})
