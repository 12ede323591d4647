// Sum of two tensors of one shape; also how gradients of a tensor that is used several times come together.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { add as kernel } from '../../kernels/pointwise.ts'
import { apply, formatShape, sameShape, type Op, type Tensor } from '../tensor.ts'

export const add = (a: Tensor, b: Tensor): Tensor => apply(addOp, [a, b], {})[0]!

export const addOp: Op<Record<string, never>> = {
  name: 'add',
  infer([a, b], _attrs, label) {
    if (!sameShape(a!.shape, b!.shape)) {
      throw new ConfigError(`${label}: must add two tensors of one shape, got ${formatShape(a!.shape)} and ${formatShape(b!.shape)}. Reshape or broadcast one of them.`)
    }
    return [{ shape: a!.shape, element: 'f32' }]
  },
  gradient: (_node, [dc]) => [dc, dc],
  lower: ({ inputs, outputs, label }) => ({
    kernel,
    dims: { SIZE: product(outputs[0]!.shape) },
    buffers: { a: inputs[0]!, b: inputs[1]!, c: outputs[0]! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [3, 5] }, { shape: [3, 5] }], build: ([a, b]) => add(a!, b!) },
    { inputs: [{ shape: [4] }], build: ([a]) => add(a!, a!) },
  ],
}
