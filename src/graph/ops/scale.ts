// A tensor times a number.
import { floatBits, product } from '../../base/math.ts'
import { scale as kernel } from '../../kernels/pointwise.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

type ScaleAttrs = { readonly factor: number }

/** x * factor, the factor rounded to f32. */
export const scale = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : apply(scaleOp, [x], { factor })[0]!)

export const scaleOp: Op<ScaleAttrs> = {
  name: 'scale',
  infer: ([x]) => [{ shape: x!.shape, element: 'f32' }],
  gradient: ({ attrs }, [dy]) => [dy === undefined ? undefined : scale(dy, attrs.factor)],
  lower: ({ inputs: [x], outputs: [y], attrs, label }) => ({ kernel, dims: { SIZE: product(x!.shape), FACTOR: floatBits(attrs.factor) }, buffers: { x: x!, y: y! }, label }),
  probes: [{ inputs: [{ shape: [3, 4] }], build: ([x]) => scale(x!, -0.75) }],
}
