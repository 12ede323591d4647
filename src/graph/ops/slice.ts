// Part of a tensor along one axis, and its opposite: a tensor with a number put before and behind it. Each is the gradient of
// the other, and one kernel computes both.
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import type { Call } from '../call.ts'
import { window } from '../../kernels/shape/window.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'

interface Range {
  readonly axis: number
  readonly start: number
  /** First element left out. */
  readonly end: number
}

interface Padding {
  readonly axis: number
  readonly before: number
  readonly after: number
  /** 0 where absent. */
  readonly value?: number
}

type SliceAttrs = { readonly axis: number; readonly start: number; readonly end: number }
type PadAttrs = { readonly axis: number; readonly before: number; readonly after: number; readonly value: number }

/** x from `start` up to `end` along `axis`, with as many dimensions as x. */
export function slice(x: Tensor, { axis, start, end }: Range): Tensor {
  return start === 0 && end === x.shape[axis] ? x : apply(sliceOp, [x], { axis, start, end })[0]!
}

export function pad(x: Tensor, { axis, before, after, value = 0 }: Padding): Tensor {
  return before === 0 && after === 0 ? x : apply(padOp, [x], { axis, before, after, value })[0]!
}

export const sliceOp: Op<SliceAttrs> = {
  name: 'slice',
  infer([x], { axis, start, end }, label) {
    const size = x!.shape[axis]
    if (size === undefined || ![start, end].every(Number.isInteger) || start < 0 || end <= start || end > size) {
      throw new ConfigError(`${label}: must take part of an axis, got ${start} to ${end} along axis ${axis} of ${formatShape(x!.shape)}. Choose 0 <= start < end <= ${size ?? 'the size of an axis that exists'}.`)
    }
    return [{ shape: x!.shape.with(axis, end - start), element: 'f32' }]
  },
  gradient({ inputs: [x], attrs: { axis, start, end } }, [dy]) {
    return [dy === undefined ? undefined : pad(dy, { axis, before: start, after: x!.shape[axis]! - end })]
  },
  lower: ({ inputs: [x], outputs: [y], attrs: { axis, start }, label }) => windowCall({ x: x!, y: y!, axis, start, before: 0, value: 0, label }),
  probes: [
    { inputs: [{ shape: [5, 2] }], build: ([x]) => slice(x!, { axis: 0, start: 1, end: 4 }) },
    { inputs: [{ shape: [2, 5, 3] }], build: ([x]) => slice(x!, { axis: 1, start: 0, end: 2 }) },
  ],
}

export const padOp: Op<PadAttrs> = {
  name: 'pad',
  infer([x], { axis, before, after }, label) {
    if (x!.shape[axis] === undefined || ![before, after].every((count) => Number.isInteger(count) && count >= 0)) {
      throw new ConfigError(`${label}: must pad an axis by whole numbers, got ${before} and ${after} along axis ${axis} of ${formatShape(x!.shape)}. Choose an axis that exists, and 0 or more.`)
    }
    return [{ shape: x!.shape.with(axis, before + x!.shape[axis] + after), element: 'f32' }]
  },
  gradient({ inputs: [x], attrs: { axis, before } }, [dy]) {
    return [dy === undefined ? undefined : slice(dy, { axis, start: before, end: before + x!.shape[axis]! })]
  },
  lower: ({ inputs: [x], outputs: [y], attrs: { axis, before, value }, label }) => windowCall({ x: x!, y: y!, axis, start: 0, before, value, label }),
  probes: [
    { inputs: [{ shape: [3, 2] }], build: ([x]) => pad(x!, { axis: 0, before: 1, after: 2, value: 0.5 }) },
    { inputs: [{ shape: [2, 3, 2] }], build: ([x]) => pad(x!, { axis: 1, before: 0, after: 2 }) },
  ],
}

interface Window {
  readonly x: Tensor
  readonly y: Tensor
  readonly axis: number
  readonly start: number
  readonly before: number
  readonly value: number
  readonly label: string
}

function windowCall({ x, y, axis, start, before, value, label }: Window): Call {
  return {
    kernel: window,
    dims: {
      OUTER: product(x.shape.slice(0, axis)), AXIS: x.shape[axis]!, INNER: product(x.shape.slice(axis + 1)),
      LENGTH: y.shape[axis]!, START: start, BEFORE: before, VALUE: floatBits(value),
    },
    buffers: { x, y },
    label,
  }
}
