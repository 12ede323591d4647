// The gradient of PULL / 2 |params - anchor|^2, added to the gradients of a local step: what holds volunteers near the model
// that they were granted (FedProx: Li et al. 2020, arXiv 1812.06127).
import { bitsFloat, floatBits } from '../base/math.ts'
import { defineKernel, dim, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const size = (d: Dims): number => dim(d, 'SIZE')

export const proximal = defineKernel({
  name: 'proximal',
  formula: 'grads[SIZE] += PULL * (params[SIZE] - anchor[SIZE])',
  buffers: {
    params: { access: 'read', element: 'f32', length: size },
    anchor: { access: 'read', element: 'f32', length: size },
    grads: { access: 'update', element: 'f32', length: size },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/proximal.wgsl', elements: size, vectors: ['params', 'anchor', 'grads'], divides: (d) => size(d) % 4 === 0 }),
  flops: (d) => 3 * size(d),
  reference(d, { params, anchor, grads }) {
    const pull = bitsFloat(dim(d, 'PULL'))
    for (let i = 0; i < size(d); i++) grads![i]! += pull * (params![i]! - anchor![i]!)
  },
  probes: [1, 63, 256, 1000].map((SIZE) => ({ SIZE, PULL: floatBits(0.3) })),
})
