// Optimizer updates, one pass over a whole parameter arena. `hyper` is a small buffer written by the host each step,
// so that learning-rate schedules and bias corrections need no new pipeline. Weight decay is L2 (added to the gradient).
import { defineKernel, dim, type BufferDeclaration, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const size = (d: Dims): number => dim(d, 'SIZE')
const arena = (access: BufferDeclaration['access']): BufferDeclaration => ({ access, element: 'f32', length: size })
/** Running squares are never negative. */
const squares: BufferDeclaration = { ...arena('update'), range: () => [0, 1] }
const hyper: BufferDeclaration = { access: 'read', element: 'f32', length: () => HYPER.length, range: () => [0.125, 0.875] }
const probes: readonly Dims[] = [{ SIZE: 64 }, { SIZE: 1000 }]

/** Layout of the hyper buffer. `correction1` = 1 - beta1^t and `correction2` = 1 - beta2^t. */
export const HYPER = { learningRate: 0, weightDecay: 1, beta1: 2, beta2: 3, epsilon: 4, correction1: 5, correction2: 6, length: 8 } as const

export const sgd = defineKernel({
  name: 'sgd',
  formula: 'g = grads + weightDecay * params; params -= learningRate * g',
  buffers: { params: arena('update'), grads: arena('read'), hyper },
  algorithms: linearAlgorithms({ shader: 'kernels/sgd.wgsl', elements: size, vectors: ['params', 'grads'], divides: (d) => size(d) % 4 === 0 }),
  flops: (d) => 4 * size(d),
  reference(d, { params, grads, hyper: h }) {
    const count = size(d), rate = h![HYPER.learningRate]!, decay = h![HYPER.weightDecay]!
    for (let i = 0; i < count; i++) params![i]! -= rate * (grads![i]! + decay * params![i]!)
  },
  probes,
})

/** Momentum as in Sutskever et al. 2013, PyTorch's form: v = beta1 * v + g; NESTEROV steps along g + beta1 * v. */
export const momentum = defineKernel({
  name: 'momentum',
  formula: 'g = grads + weightDecay * params; v = beta1 * v + g; params -= learningRate * (NESTEROV = 1 ? g + beta1 * v : v)',
  buffers: { params: arena('update'), grads: arena('read'), v: arena('update'), hyper },
  algorithms: linearAlgorithms({ shader: 'kernels/momentum.wgsl', elements: size, vectors: ['params', 'grads', 'v'], divides: (d) => size(d) % 4 === 0 }),
  flops: (d) => 6 * size(d),
  reference(d, { params, grads, v, hyper: h }) {
    const count = size(d), rate = h![HYPER.learningRate]!, decay = h![HYPER.weightDecay]!, beta = h![HYPER.beta1]!
    for (let i = 0; i < count; i++) {
      const g = grads![i]! + decay * params![i]!
      v![i] = beta * v![i]! + g
      params![i]! -= rate * (d['NESTEROV'] === 1 ? g + beta * v![i]! : v![i]!)
    }
  },
  probes: probes.flatMap((p) => [{ ...p, NESTEROV: 0 }, { ...p, NESTEROV: 1 }]),
})

/** Adam (Kingma and Ba 2015, arXiv 1412.6980). */
export const adam = defineKernel({
  name: 'adam',
  formula: 'm = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g^2; params -= learningRate * (m / correction1) / (sqrt(v / correction2) + epsilon)',
  buffers: { params: arena('update'), grads: arena('read'), m: arena('update'), v: squares, hyper },
  algorithms: linearAlgorithms({ shader: 'kernels/adam.wgsl', elements: size, vectors: ['params', 'grads', 'm', 'v'], divides: (d) => size(d) % 4 === 0 }),
  flops: (d) => 12 * size(d),
  reference(d, { params, grads, m, v, hyper: h }) {
    const count = size(d), rate = h![HYPER.learningRate]!, decay = h![HYPER.weightDecay]!
    const beta1 = h![HYPER.beta1]!, beta2 = h![HYPER.beta2]!, epsilon = h![HYPER.epsilon]!
    const correction1 = h![HYPER.correction1]!, correction2 = h![HYPER.correction2]!
    for (let i = 0; i < count; i++) {
      const g = grads![i]! + decay * params![i]!
      m![i] = beta1 * m![i]! + (1 - beta1) * g
      v![i] = beta2 * v![i]! + (1 - beta2) * g * g
      params![i]! -= (rate * (m![i]! / correction1)) / (Math.sqrt(v![i]! / correction2) + epsilon)
    }
  },
  probes,
})

