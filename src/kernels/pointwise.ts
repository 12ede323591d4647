// Kernels that touch each element once: bias and activation, the activation's gradient, sums of two tensors.
import { bitsFloat, floatBits } from '../base/math.ts'
import { activationByCode } from './activation.ts'
import { defineKernel, dim, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const size = (d: Dims): number => dim(d, 'SIZE')
const sizes = [1, 63, 256, 1000]

export const biasActivation = defineKernel({
  name: 'bias-activation',
  formula: 'y[SIZE] = act(x[SIZE] + bias[index mod COLS]); no bias where BIAS = 0',
  buffers: {
    x: { access: 'read', element: 'f32', length: size },
    bias: { access: 'read', element: 'f32', length: (d) => dim(d, 'COLS'), bound: (d) => d['BIAS'] === 1 },
    y: { access: 'write', element: 'f32', length: size },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/bias-activation.wgsl', elements: size, vectors: ['x', 'bias', 'y'], divides: (d) => size(d) % 4 === 0 && dim(d, 'COLS') % 4 === 0, activation: true }),
  flops: (d) => 2 * size(d),
  reference(d, { x, bias, y }) {
    const { forward } = activationByCode(dim(d, 'ACT'))
    const columns = dim(d, 'COLS')
    for (let i = 0; i < size(d); i++) y![i] = forward(x![i]! + (d['BIAS'] === 1 ? bias![i % columns]! : 0))
  },
  probes: [0, 1, 2, 3].flatMap((ACT) => [{ SIZE: 330, COLS: 33, BIAS: ACT % 2, ACT }, { SIZE: 480, COLS: 40, BIAS: 1, ACT }]),
})

export const activationGradient = defineKernel({
  name: 'activation-gradient',
  formula: "dx[SIZE] = dy[SIZE] * act'(y[SIZE]), the derivative given the output",
  buffers: {
    y: { access: 'read', element: 'f32', length: size },
    dy: { access: 'read', element: 'f32', length: size },
    dx: { access: 'write', element: 'f32', length: size },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/activation-gradient.wgsl', elements: size, vectors: ['y', 'dy', 'dx'], divides: (d) => size(d) % 4 === 0, activation: true }),
  flops: (d) => 2 * size(d),
  reference(d, { y, dy, dx }) {
    const { slope } = activationByCode(dim(d, 'ACT'))
    for (let i = 0; i < size(d); i++) dx![i] = dy![i]! * slope(y![i]!)
  },
  probes: [1, 2, 3].flatMap((ACT) => sizes.map((SIZE) => ({ SIZE, ACT }))),
})

export const add = defineKernel({
  name: 'add',
  formula: 'c[SIZE] = a[SIZE] + b[SIZE]',
  buffers: {
    a: { access: 'read', element: 'f32', length: size },
    b: { access: 'read', element: 'f32', length: size },
    c: { access: 'write', element: 'f32', length: size },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/add.wgsl', elements: size, vectors: ['a', 'b', 'c'], divides: (d) => size(d) % 4 === 0 }),
  flops: size,
  reference(d, { a, b, c }) {
    for (let i = 0; i < size(d); i++) c![i] = a![i]! + b![i]!
  },
  probes: sizes.map((SIZE) => ({ SIZE })),
})

export const accumulate = defineKernel({
  name: 'accumulate',
  formula: 'y[SIZE] += x[SIZE]',
  buffers: {
    x: { access: 'read', element: 'f32', length: size },
    y: { access: 'update', element: 'f32', length: size },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/accumulate.wgsl', elements: size, vectors: ['x', 'y'], divides: (d) => size(d) % 4 === 0 }),
  flops: size,
  reference(d, { x, y }) {
    for (let i = 0; i < size(d); i++) y![i]! += x![i]!
  },
  probes: sizes.map((SIZE) => ({ SIZE })),
})

export const ones = defineKernel({
  name: 'ones',
  formula: 'y[SIZE] = 1',
  buffers: { y: { access: 'write', element: 'f32', length: size } },
  algorithms: linearAlgorithms({ shader: 'kernels/ones.wgsl', elements: size, vectors: ['y'], divides: (d) => size(d) % 4 === 0 }),
  flops: size,
  reference: (_, { y }) => { y!.fill(1) },
  probes: sizes.map((SIZE) => ({ SIZE })),
})

export const scale = defineKernel({
  name: 'scale',
  formula: 'y[SIZE] = x[SIZE] * FACTOR, an f32 given by its bits',
  buffers: {
    x: { access: 'read', element: 'f32', length: size },
    y: { access: 'write', element: 'f32', length: size },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/scale.wgsl', elements: size, vectors: ['x', 'y'], divides: (d) => size(d) % 4 === 0 }),
  flops: size,
  reference(d, { x, y }) {
    const factor = bitsFloat(dim(d, 'FACTOR'))
    for (let i = 0; i < size(d); i++) y![i] = x![i]! * factor
  },
  probes: sizes.map((SIZE) => ({ SIZE, FACTOR: floatBits(-1.5) })),
})
