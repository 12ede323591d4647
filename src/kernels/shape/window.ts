// A window along one axis, with a number where it reaches beyond the tensor: slices and padding are both this.
import { bitsFloat, floatBits } from '../../base/math.ts'
import { defineKernel, dim, type Dims } from '../kernel.ts'
import { linearAlgorithms } from '../linear.algorithms.ts'

const xLength = (d: Dims): number => dim(d, 'OUTER') * dim(d, 'AXIS') * dim(d, 'INNER')
const yLength = (d: Dims): number => dim(d, 'OUTER') * dim(d, 'LENGTH') * dim(d, 'INNER')

export const window = defineKernel({
  name: 'window',
  formula: 'y[OUTER,LENGTH,INNER] = x[OUTER, START - BEFORE + LENGTH, INNER] within its AXIS, else VALUE, an f32 given by its bits',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: xLength },
    y: { access: 'write', element: 'f32', half: true, length: yLength },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/shape/window.wgsl', elements: yLength, vectors: ['x', 'y'], divides: (d) => dim(d, 'INNER') % 4 === 0 }),
  flops: yLength,
  reference(d, { x, y }) {
    const axis = dim(d, 'AXIS'), length = dim(d, 'LENGTH'), inner = dim(d, 'INNER'), shift = dim(d, 'START') - dim(d, 'BEFORE')
    y!.fill(bitsFloat(dim(d, 'VALUE')))
    for (let o = 0; o < dim(d, 'OUTER'); o++) for (let a = Math.max(0, -shift); a < Math.min(length, axis - shift); a++) {
      const from = (o * axis + a + shift) * inner
      y!.set(x!.subarray(from, from + inner), (o * length + a) * inner)
    }
  },
  probes: [
    { OUTER: 3, AXIS: 7, INNER: 5, LENGTH: 4, START: 2, BEFORE: 0, VALUE: 0 },
    { OUTER: 3, AXIS: 7, INNER: 8, LENGTH: 7, START: 0, BEFORE: 0, VALUE: 0 },
    { OUTER: 2, AXIS: 5, INNER: 3, LENGTH: 9, START: 0, BEFORE: 3, VALUE: floatBits(-0.5) },
    { OUTER: 2, AXIS: 5, INNER: 12, LENGTH: 8, START: 0, BEFORE: 0, VALUE: floatBits(2) },
  ],
})
