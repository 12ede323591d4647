// A tensor cut into parts along an axis: the opposite of concat, which is its gradient.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { MOST_PARTS } from '../../kernels/shape/concat.ts'
import { split as kernel } from '../../kernels/shape/split.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { concat } from './concat.ts'
import { fill } from './pointwise.ts'

type SplitAttrs = { readonly axis: number; readonly sizes: readonly number[] }

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
    kernel,
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
