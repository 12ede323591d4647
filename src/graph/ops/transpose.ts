// The axes of a tensor in another order.
import { ConfigError } from '../../base/errors.ts'
import { transpose as kernel, transposeDims } from '../../kernels/shape/transpose.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { reshape } from './reshape.ts'

type TransposeAttrs = { readonly axes: readonly number[] }

/** Axis k of the result is axis `axes[k]` of x; the last two change places where `axes` is absent. Free where no element moves. */
export function transpose(x: Tensor, axes: readonly number[] = swapLast(x.shape.length)): Tensor {
  const moves = axes.filter((axis) => x.shape[axis] !== 1)
  if (isPermutation(axes, x.shape.length) && moves.every((axis, i) => i === 0 || moves[i - 1]! < axis)) return reshape(x, axes.map((axis) => x.shape[axis]!))
  return apply(transposeOp, [x], { axes })[0]!
}

export const transposeOp: Op<TransposeAttrs> = {
  name: 'transpose',
  infer([x], { axes }, label) {
    if (!isPermutation(axes, x!.shape.length)) {
      throw new ConfigError(`${label}: must name each axis once, got ${formatShape(axes)} for ${formatShape(x!.shape)}. Give the numbers 0 to ${x!.shape.length - 1} in the order wanted.`)
    }
    return [{ shape: axes.map((axis) => x!.shape[axis]!), element: 'f32' }]
  },
  gradient: ({ attrs: { axes } }, [dy]) => [dy === undefined ? undefined : transpose(dy, axes.map((_, axis) => axes.indexOf(axis)))],
  lower: ({ inputs: [x], outputs: [y], attrs: { axes }, label }) => ({ kernel, dims: transposeDims(x!.shape, axes), buffers: { x: x!, y: y! }, label }),
  probes: [
    { inputs: [{ shape: [3, 4] }], build: ([x]) => transpose(x!) },
    { inputs: [{ shape: [2, 3, 2, 4] }], build: ([x]) => transpose(x!, [0, 2, 1, 3]) },
    { inputs: [{ shape: [2, 3, 4] }], build: ([x]) => transpose(x!, [2, 0, 1]) },
  ],
}

const swapLast = (rank: number): readonly number[] => Array.from({ length: rank }, (_, k) => (k < rank - 2 ? k : 2 * rank - 3 - k))

const isPermutation = (axes: readonly number[], rank: number): boolean => axes.length === rank && [...axes].sort((a, b) => a - b).every((axis, k) => axis === k)
