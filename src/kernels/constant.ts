// A few numbers that a spec gives (class weights), as a tensor: they are part of the shader.
import { bitsFloat, floatBits } from '../base/math.ts'
import { defineKernel, dim, type Dims } from './kernel.ts'

/** Every value is a line of WGSL. */
export const MAX_CONSTANTS = 256

export const constantDims = (values: readonly number[]): Dims =>
  ({ SIZE: values.length, ...Object.fromEntries(values.map((value, i) => [`VALUE${i}`, floatBits(value)])) })

export const constant = defineKernel({
  name: 'constant',
  formula: 'y[SIZE] = VALUE0, VALUE1, …, f32s given by their bits',
  buffers: { y: { access: 'write', element: 'f32', length: (d) => dim(d, 'SIZE') } },
  algorithms: [{ name: 'serial', shader: 'kernels/constant.wgsl', variants: [{ X: 1 }], grid: () => [1, 1, 1] }],
  flops: (d) => dim(d, 'SIZE'),
  reference(d, { y }) {
    for (let i = 0; i < dim(d, 'SIZE'); i++) y![i] = bitsFloat(dim(d, `VALUE${i}`))
  },
  probes: [constantDims([1, -0.3, 0, 1e-20, 5e8])],
})
