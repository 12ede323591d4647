// Ones: the gradient of a sum with respect to what is summed, where a loss is differentiated as it is.
import { product } from '../../base/math.ts'
import { ones as kernel } from '../../kernels/pointwise.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

type OnesAttrs = { readonly shape: readonly number[] }

export const ones = (shape: readonly number[]): Tensor => apply(onesOp, [], { shape })[0]!

export const onesOp: Op<OnesAttrs> = {
  name: 'ones',
  infer: (_inputs, { shape }) => [{ shape, element: 'f32' }],
  lower: ({ outputs: [y], label }) => ({ kernel, dims: { SIZE: product(y!.shape) }, buffers: { y: y! }, label }),
  probes: [],
}
