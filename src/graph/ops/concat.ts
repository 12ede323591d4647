// Tensors one behind another along an axis.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { concat as kernel, MOST_PARTS } from '../../kernels/shape/concat.ts'
import { apply, formatShape, sameShape, type Op, type Tensor } from '../tensor.ts'
import { slice } from './slice.ts'

type ConcatAttrs = { readonly axis: number }

/** Any number of tensors whose shapes differ along `axis` alone. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 1) return tensors[0]!
  if (tensors.length <= MOST_PARTS) return apply(concatOp, tensors, { axis })[0]!
  const groups = Array.from({ length: Math.ceil(tensors.length / MOST_PARTS) }, (_, i) => tensors.slice(i * MOST_PARTS, (i + 1) * MOST_PARTS))
  return concat(groups.map((group) => concat(group, axis)), axis)
}

export const concatOp: Op<ConcatAttrs> = {
  name: 'concat',
  infer(inputs, { axis }, label) {
    const first = inputs[0]!.shape
    const fits = Number.isInteger(axis) && axis >= 0 && axis < first.length
    const other = inputs.find(({ shape }) => !fits || !sameShape(shape.toSpliced(axis, 1), first.toSpliced(axis, 1)))
    if (other !== undefined) {
      throw new ConfigError(`${label}: must join tensors that differ along axis ${axis} alone, got ${formatShape(first)} and ${formatShape(other.shape)}. Reshape one of them, or choose another axis.`)
    }
    return [{ shape: first.with(axis, inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0)), element: 'f32' }]
  },
  gradient({ inputs, attrs: { axis } }, [dy]) {
    if (dy === undefined) return []
    let start = 0
    return inputs.map(({ shape }) => slice(dy, { axis, start, end: start += shape[axis]! }))
  },
  lower: ({ inputs, outputs: [y], attrs: { axis }, label }) => ({
    kernel,
    dims: { OUTER: product(y!.shape.slice(0, axis)), COUNT: inputs.length, ...Object.fromEntries(inputs.map(({ shape }, k) => [`ROW${k}`, product(shape.slice(axis))])) },
    buffers: { ...Object.fromEntries(inputs.map((input, k) => [`x${k}`, input])), y: y! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 1, 4] }], build: (parts) => concat(parts, 1) },
    { inputs: [{ shape: [2, 3] }, { shape: [2, 2] }, { shape: [2, 1] }], build: (parts) => concat(parts, 1) },
    { inputs: Array.from({ length: 9 }, () => ({ shape: [1, 2] })), build: (parts) => concat(parts, 0) },
  ],
}
