// Distillation (Hinton, Vinyals and Dean 2015, arXiv 1503.02531): cross-entropy of a student's logits against a teacher's, both
// softened by a temperature, times its square, so that gradients keep their size whatever the temperature.
import { bitsFloat, floatBits } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims, type NumberArray } from './kernel.ts'

const examples = (d: Dims): number => dim(d, 'N')
const rows = (d: Dims): number => dim(d, 'N') * dim(d, 'T')
const cells = (d: Dims): number => rows(d) * dim(d, 'CLASSES')

const inputs = {
  logits: { access: 'read', element: 'f32', half: true, length: cells },
  teacher: { access: 'read', element: 'f32', half: true, length: cells },
  weights: { access: 'read', element: 'f32', length: examples },
} as const satisfies Record<string, BufferDeclaration>

const invocationPer = (name: string, folder: 'position-loss' | 'distillation', count: (d: Dims) => number): Algorithm => ({
  name,
  shader: `kernels/${folder}/${name}.wgsl`,
  includes: ['kernels/distillation/row.wgsl'],
  suits: 'software',
  variants: [{ X: 16 }],
  grid: (d, c) => linearGrid(count(d), dim(c, 'X')),
})

/** TEMPERATURE is an f32 given by its bits. */
const probes: readonly Dims[] = [
  { N: 7, T: 1, CLASSES: 10, TEMPERATURE: floatBits(2) },
  { N: 5, T: 4, CLASSES: 33, TEMPERATURE: floatBits(0.75) },
]

export const distillation = defineKernel({
  name: 'distillation',
  formula: 'loss[N] = weights[N] * mean over T of -TEMPERATURE^2 * sum softmax(t / TEMPERATURE) * log softmax(z / TEMPERATURE) of rows z of logits[N,T,CLASSES] and t of teacher; correct[N] = weights[N] > 0 ? mean of (argmax(z) = argmax(t)) : 0',
  buffers: {
    ...inputs,
    loss: { access: 'write', element: 'f32', length: examples },
    correct: { access: 'write', element: 'f32', length: examples },
  },
  algorithms: [
    {
      ...invocationPer('positions', 'position-loss', examples),
      suits: 'gpu',
      variants: [{ X: 64 }],
      fits: (d) => dim(d, 'T') > 1,
      grid: (d) => [examples(d), 1, 1],
    },
    invocationPer('examples', 'position-loss', examples),
  ],
  flops: (d) => 8 * cells(d),
  reference(d, { logits, teacher, weights, loss, correct }) {
    const width = dim(d, 'CLASSES'), positions = dim(d, 'T'), heat = bitsFloat(dim(d, 'TEMPERATURE'))
    for (let n = 0; n < examples(d); n++) {
      let sum = 0, hits = 0
      for (let r = n * positions; r < (n + 1) * positions; r++) {
        const student = softened(logits!, r * width, width, heat), wanted = softened(teacher!, r * width, width, heat)
        for (let k = 0; k < width; k++) sum -= heat * heat * (wanted.exps[k]! / wanted.total) * ((logits![r * width + k]! - student.maximum) / heat - Math.log(student.total))
        hits += student.best === wanted.best ? 1 : 0
      }
      loss![n] = weights![n]! * (sum / positions)
      correct![n] = weights![n]! > 0 ? hits / positions : 0
    }
  },
  probes,
})

export const distillationGradient = defineKernel({
  name: 'distillation-gradient',
  formula: 'dlogits[N,T,CLASSES] = weights[N] * upstream[N] / T * TEMPERATURE * (softmax(z / TEMPERATURE) - softmax(t / TEMPERATURE)); upstream is 1 where not bound',
  buffers: {
    ...inputs,
    upstream: { access: 'read', element: 'f32', length: examples, bound: (d) => d['UPSTREAM'] === 1 },
    dlogits: { access: 'write', element: 'f32', half: true, length: cells },
  },
  algorithms: [invocationPer('gradient', 'distillation', rows)],
  flops: (d) => 8 * cells(d),
  reference(d, { logits, teacher, weights, upstream, dlogits }) {
    const width = dim(d, 'CLASSES'), positions = dim(d, 'T'), heat = bitsFloat(dim(d, 'TEMPERATURE'))
    for (let r = 0; r < rows(d); r++) {
      const student = softened(logits!, r * width, width, heat), wanted = softened(teacher!, r * width, width, heat)
      const n = Math.floor(r / positions)
      const scale = (heat * weights![n]! * (d['UPSTREAM'] === 1 ? upstream![n]! : 1)) / positions
      for (let k = 0; k < width; k++) dlogits![r * width + k] = scale * (student.exps[k]! / student.total - wanted.exps[k]! / wanted.total)
    }
  },
  probes: probes.map((probe, i) => ({ ...probe, UPSTREAM: i })),
})

function softened(z: NumberArray, at: number, classes: number, heat: number): { best: number; maximum: number; exps: Float64Array; total: number } {
  let best = 0
  for (let k = 1; k < classes; k++) if (z[at + k]! > z[at + best]!) best = k
  const maximum = z[at + best]!
  const exps = Float64Array.from({ length: classes }, (_, k) => Math.exp((z[at + k]! - maximum) / heat))
  return { best, maximum, exps, total: exps.reduce((sum, e) => sum + e, 0) }
}
