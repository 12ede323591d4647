// Sum or mean over one axis, and its gradient and inverse in shape: repetition along a new axis.
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { broadcast as broadcastKernel, reduce as reduceKernel } from '../../kernels/reduce.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'

type ReduceAttrs = { readonly axis: number; readonly mean: number }
type BroadcastAttrs = { readonly axis: number; readonly size: number; readonly mean: number }

/** Sum over `axis`, which disappears from the shape. */
export const sum = (x: Tensor, axis: number): Tensor => apply(reduceOp, [x], { axis, mean: 0 })[0]!

/** Mean over `axis`, which disappears from the shape. */
export const mean = (x: Tensor, axis: number): Tensor => apply(reduceOp, [x], { axis, mean: 1 })[0]!

/** Repeats x `size` times along a new axis in front of dimension `axis`. */
export const broadcast = (x: Tensor, axis: number, size: number): Tensor => apply(broadcastOp, [x], { axis, size, mean: 0 })[0]!

export const reduceOp: Op<ReduceAttrs> = {
  name: 'reduce',
  infer([x], { axis }, label) {
    if (!Number.isInteger(axis) || axis < 0 || axis >= x!.shape.length) {
      throw new ConfigError(`${label}: must reduce an axis of its input, got axis ${axis} of ${formatShape(x!.shape)}. Choose 0 to ${x!.shape.length - 1}.`)
    }
    return [{ shape: x!.shape.toSpliced(axis, 1), element: 'f32' }]
  },
  gradient: ({ inputs, attrs: { axis, mean } }, [dy]) => (dy === undefined ? [] : [apply(broadcastOp, [dy], { axis, size: inputs[0]!.shape[axis]!, mean })[0]!]),
  lower: ({ inputs, outputs, attrs, label }) => ({
    kernel: reduceKernel,
    dims: axisDims(inputs[0]!.shape, attrs),
    buffers: { x: inputs[0]!, y: outputs[0]! },
    label,
  }),
  probes: [0, 1, 2].flatMap((axis) => [
    { inputs: [{ shape: [3, 4, 5] }], build: ([x]) => sum(x!, axis) },
    { inputs: [{ shape: [3, 4, 5] }], build: ([x]) => mean(x!, axis) },
  ]),
}

/** With `mean` each copy is divided by their number: the gradient of a mean. */
export const broadcastOp: Op<BroadcastAttrs> = {
  name: 'broadcast',
  infer([x], { axis, size }, label) {
    if (!Number.isInteger(axis) || axis < 0 || axis > x!.shape.length) {
      throw new ConfigError(`${label}: must insert an axis within its input's shape, got axis ${axis} of ${formatShape(x!.shape)}. Choose 0 to ${x!.shape.length}.`)
    }
    return [{ shape: x!.shape.toSpliced(axis, 0, size), element: 'f32' }]
  },
  gradient: ({ attrs: { axis, mean } }, [dy]) => (dy === undefined ? [] : [apply(reduceOp, [dy], { axis, mean })[0]!]),
  lower: ({ inputs, outputs, attrs, label }) => ({
    kernel: broadcastKernel,
    dims: axisDims(outputs[0]!.shape, attrs),
    buffers: { x: inputs[0]!, y: outputs[0]! },
    label,
  }),
  probes: [0, 1, 2].flatMap((axis) => [0, 1].map((divide) => ({
    inputs: [{ shape: [3, 4] }],
    build: ([x]: readonly Tensor[]) => apply(broadcastOp, [x!], { axis, size: 5, mean: divide })[0]!,
  }))),
}

function axisDims(whole: readonly number[], { axis, mean }: { readonly axis: number; readonly mean: number }): Dims {
  return { OUTER: product(whole.slice(0, axis)), AXIS: whole[axis]!, INNER: product(whole.slice(axis + 1)), MEAN: mean }
}
