// The same elements in another shape. Free: the output is a view of the input.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { apply, formatShape, sameShape, type Op, type Tensor } from '../tensor.ts'

type ReshapeAttrs = { readonly shape: readonly number[] }

export const reshape = (x: Tensor, shape: readonly number[]): Tensor => (sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape })[0]!)

export const reshapeOp: Op<ReshapeAttrs> = {
  name: 'reshape',
  alias: true,
  infer([x], { shape }, label) {
    if (product(x!.shape) !== product(shape)) {
      throw new ConfigError(`${label}: must keep the number of elements, got ${formatShape(x!.shape)} and ${formatShape(shape)}. Choose a shape of ${product(x!.shape)} elements.`)
    }
    return [{ shape, element: x!.element }]
  },
  gradient: ({ inputs }, [dy]) => (dy === undefined ? [] : [reshape(dy, inputs[0]!.shape)]),
  probes: [{ inputs: [{ shape: [2, 6] }], build: ([x]) => reshape(x!, [3, 4]) }],
}
