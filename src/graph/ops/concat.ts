// Tensors one behind another along an axis, and a tensor cut into parts. Each is the gradient of the other.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { concat as concatKernel, MOST_PARTS } from '../../kernels/shape/concat.ts'
import { split as splitKernel } from '../../kernels/shape/split.ts'
import { apply, formatShape, sameShape, type Op, type Tensor } from '../tensor.ts'
import { fill } from './pointwise.ts'

type ConcatAttrs = { readonly axis: number }
type SplitAttrs = { readonly axis: number; readonly sizes: readonly number[] }

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
    return dy === undefined ? [] : split(dy, axis, inputs.map(({ shape }) => shape[axis]!))
  },
  lower: ({ inputs, outputs: [y], attrs: { axis }, label }) => ({
    kernel: concatKernel,
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

/** Any number of parts, of these sizes along `axis`. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  if (sizes.length === 1) return [x]
  if (sizes.length <= MOST_PARTS) return apply(splitOp, [x], { axis, sizes })
  let group = MOST_PARTS
  while (group * MOST_PARTS < sizes.length) group *= MOST_PARTS
  const groups = Array.from({ length: Math.ceil(sizes.length / group) }, (_, i) => sizes.slice(i * group, (i + 1) * group))
  const parts = apply(splitOp, [x], { axis, sizes: groups.map((each) => each.reduce((sum, size) => sum + size, 0)) })
  return parts.flatMap((part, i) => split(part, axis, groups[i]!))
}

export const splitOp: Op<SplitAttrs> = {
  name: 'split',
  infer([x], { axis, sizes }, label) {
    if (sizes.reduce((sum, size) => sum + size, 0) !== x!.shape[axis]) {
      throw new ConfigError(`${label}: must cut an axis into parts that make the whole, got ${sizes.join(' + ')} along axis ${axis} of ${formatShape(x!.shape)}. Correct the sizes.`)
    }
    return sizes.map((size) => ({ shape: x!.shape.with(axis, size), element: 'f32' }))
  },
  gradient: ({ outputs, attrs: { axis } }, upstream) => [concat(outputs.map(({ shape }, k) => upstream[k] ?? fill(shape, 0)), axis)],
  lower: ({ inputs: [x], outputs, attrs: { axis }, label }) => ({
    kernel: splitKernel,
    dims: { OUTER: product(x!.shape.slice(0, axis)), COUNT: outputs.length, ...Object.fromEntries(outputs.map(({ shape }, k) => [`ROW${k}`, product(shape.slice(axis))])) },
    buffers: { x: x!, ...Object.fromEntries(outputs.map((output, k) => [`y${k}`, output])) },
    label,
  }),
  probes: [
    { inputs: [{ shape: [2, 5, 3] }], build: ([x]) => concat([...split(x!, 1, [2, 1, 2])].reverse(), 1) },
    { inputs: [{ shape: [2, 6] }], build: ([x]) => split(x!, 1, [2, 4])[1]! },
    { inputs: [{ shape: [9, 2] }], build: ([x]) => concat(split(x!, 0, Array<number>(9).fill(1)).slice().reverse(), 0) },
  ],
}
