// Adds a vector to the last dimension of a tensor. After matmul or conv2d it costs nothing: see fuse.ts.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { biasActivation } from '../../kernels/pointwise.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'

/** x[...,C] + bias[C] */
export const biasAdd = (x: Tensor, bias: Tensor): Tensor => apply(biasAddOp, [x, bias], {})[0]!

export const biasAddOp: Op<Record<string, never>> = {
  name: 'bias-add',
  infer([x, bias], _attrs, label) {
    if (bias!.shape.length !== 1 || bias!.shape[0] !== x!.shape.at(-1)) {
      throw new ConfigError(`${label}: must add a vector as long as the last dimension, got ${formatShape(x!.shape)} and ${formatShape(bias!.shape)}. Give the bias shape ${formatShape(x!.shape.slice(-1))}.`)
    }
    return [{ shape: x!.shape, element: 'f32' }]
  },
  gradient(_node, [dy]) {
    if (dy === undefined) return []
    const columns = dy.shape.at(-1)!
    return [dy, sum(reshape(dy, [product(dy.shape) / columns, columns]), 0)]
  },
  lower: ({ inputs, outputs, label }) => ({
    kernel: biasActivation,
    dims: { SIZE: product(inputs[0]!.shape), COLS: inputs[1]!.shape[0]!, BIAS: 1, ACT: 0 },
    buffers: { x: inputs[0]!, bias: inputs[1]!, y: outputs[0]! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [4, 3] }, { shape: [3] }], build: ([x, bias]) => biasAdd(x!, bias!) },
    { inputs: [{ shape: [2, 3, 2, 5] }, { shape: [5] }], build: ([x, bias]) => biasAdd(x!, bias!) },
  ],
}
