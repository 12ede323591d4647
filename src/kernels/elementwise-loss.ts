// Losses that compare element by element: the mean of f(y, goal) over an example's elements, times its weight.
// The codes are those of shaders/kernels/elementwise-loss/loss.wgsl.
import { bitsFloat, floatBits } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type BufferDeclaration, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

export interface ElementwiseLoss {
  readonly name: string
  readonly code: number
  /** Of output y and target t; delta is Huber's. */
  readonly loss: (y: number, t: number, delta: number) => number
  /** Derivative by y. */
  readonly slope: (y: number, t: number, delta: number) => number
}

export const elementwiseLosses: readonly ElementwiseLoss[] = [
  { name: 'squared-error', code: 0, loss: (y, t) => (y - t) ** 2, slope: (y, t) => 2 * (y - t) },
  { name: 'absolute-error', code: 1, loss: (y, t) => Math.abs(y - t), slope: (y, t) => Math.sign(y - t) },
  {
    // Huber 1964.
    name: 'huber',
    code: 2,
    loss: (y, t, delta) => (Math.abs(y - t) <= delta ? (y - t) ** 2 / 2 : delta * (Math.abs(y - t) - delta / 2)),
    slope: (y, t, delta) => Math.min(delta, Math.max(-delta, y - t)),
  },
  {
    // Of a logit, in the form that does not overflow.
    name: 'binary-cross-entropy',
    code: 3,
    loss: (y, t) => Math.max(y, 0) - y * t + Math.log1p(Math.exp(-Math.abs(y))),
    slope: (y, t) => 1 / (1 + Math.exp(-y)) - t,
  },
]

const lossOf = (d: Dims): ElementwiseLoss => {
  const found = elementwiseLosses.find(({ code }) => code === d['KIND'])
  if (found === undefined) throw new RangeError(`loss code: must be 0..${elementwiseLosses.length - 1}, got ${d['KIND']}`)
  return found
}

const BINARY = 3
const examples = (d: Dims): number => dim(d, 'N')
const elements = (d: Dims): number => dim(d, 'N') * dim(d, 'SIZE')
const divides = (d: Dims): boolean => dim(d, 'SIZE') % 4 === 0
const include = (width: number): readonly string[] => [`kernels/elementwise-loss/loss${width === 4 ? '-vec4' : ''}.wgsl`]

const inputs = {
  y: { access: 'read', element: 'f32', half: true, length: elements },
  goal: { access: 'read', element: 'f32', length: elements },
  weights: { access: 'read', element: 'f32', length: examples },
} as const satisfies Record<string, BufferDeclaration>

/** SIZE is elements of an example; DELTA is an f32 given by its bits. */
const probes: readonly Dims[] = elementwiseLosses.flatMap(({ code }) => [
  { N: 5, SIZE: 1, KIND: code, DELTA: floatBits(0.5) },
  { N: 7, SIZE: 33, KIND: code, DELTA: floatBits(0.5) },
  { N: 6, SIZE: 160, KIND: code, DELTA: floatBits(0.75) },
])

export const elementwiseLoss = defineKernel({
  name: 'elementwise-loss',
  formula: 'loss[N] = weights[N] * mean over SIZE of f(y[N,SIZE], goal[N,SIZE]); of logits also correct[N] = weights[N] > 0 ? mean of (y > 0) = (goal > 0.5) : 0',
  buffers: {
    ...inputs,
    loss: { access: 'write', element: 'f32', length: examples },
    correct: { access: 'write', element: 'f32', length: examples, bound: (d) => d['KIND'] === BINARY },
  },
  algorithms: [
    {
      name: 'workgroup',
      suits: 'gpu',
      shader: 'kernels/elementwise-loss/workgroup.wgsl',
      includes: include(1),
      variants: [{ X: 64 }, { X: 256 }],
      fits: (d) => dim(d, 'SIZE') >= 16,
      grid: (d) => [examples(d), 1, 1],
    },
    ...[4, 1].map((width) => ({
      name: width === 4 ? 'vec4' : 'scalar',
      shader: 'kernels/elementwise-loss/examples.wgsl',
      includes: include(width),
      suits: 'software' as const,
      variants: [{ X: 16, WIDTH: width }],
      fits: (d: Dims) => divides(d) === (width === 4),
      ...(width === 4 ? { views: () => ({ y: 'vec4<f32>', goal: 'vec4<f32>' } as const) } : {}),
      grid: (d: Dims, c: Dims) => linearGrid(examples(d), dim(c, 'X')),
    })),
  ],
  flops: (d) => 4 * elements(d),
  reference(d, { y, goal, weights, loss, correct }) {
    const { loss: f } = lossOf(d), size = dim(d, 'SIZE'), delta = bitsFloat(dim(d, 'DELTA'))
    for (let n = 0; n < examples(d); n++) {
      let sum = 0, hits = 0
      for (let i = n * size; i < (n + 1) * size; i++) {
        sum += f(y![i]!, goal![i]!, delta)
        hits += y![i]! > 0 === goal![i]! > 0.5 ? 1 : 0
      }
      loss![n] = weights![n]! * (sum / size)
      if (d['KIND'] === BINARY) correct![n] = weights![n]! > 0 ? hits / size : 0
    }
  },
  probes,
})

export const elementwiseLossGradient = defineKernel({
  name: 'elementwise-loss-gradient',
  formula: "dy[N,SIZE] = weights[N] * upstream[N] / SIZE * f'(y[N,SIZE], goal[N,SIZE]); upstream is 1 where not bound",
  buffers: {
    ...inputs,
    upstream: { access: 'read', element: 'f32', length: examples, bound: (d) => d['UPSTREAM'] === 1 },
    dy: { access: 'write', element: 'f32', half: true, length: elements },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/elementwise-loss/gradient.wgsl', elements, vectors: ['y', 'goal', 'dy'], divides })
    .map((algorithm, i) => ({ ...algorithm, includes: include(i === 0 ? 4 : 1) })),
  flops: (d) => 4 * elements(d),
  reference(d, { y, goal, weights, upstream, dy }) {
    const { slope } = lossOf(d), size = dim(d, 'SIZE'), delta = bitsFloat(dim(d, 'DELTA'))
    for (let i = 0; i < elements(d); i++) {
      const n = Math.floor(i / size)
      dy![i] = (weights![n]! / size) * (d['UPSTREAM'] === 1 ? upstream![n]! : 1) * slope(y![i]!, goal![i]!, delta)
    }
  },
  probes: probes.map((probe, i) => ({ ...probe, UPSTREAM: i % 2 })),
})
