// Adds one arena to another in place, at the end of a Plan: not a step of the graph, whose tensors never change.
import { defineKernel, dim, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const size = (d: Dims): number => dim(d, 'SIZE')

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
  probes: [1, 63, 256, 1000].map((SIZE) => ({ SIZE })),
})
