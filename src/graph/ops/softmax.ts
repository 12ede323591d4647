// Softmax along the last dimension. Before a cross-entropy it is part of the loss.
import type { Dims } from '../../kernels/kernel.ts'
import { softmax as kernel, softmaxGradient as gradientKernel } from '../../kernels/softmax.ts'
import { product } from '../../base/math.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'

type NoAttrs = Record<string, never>

export const softmax = (x: Tensor): Tensor => apply(softmaxOp, [x], {})[0]!

const dimsOf = ({ shape }: Tensor): Dims => ({ ROWS: product(shape.slice(0, -1)), COLS: shape.at(-1)! })

export const softmaxOp: Op<NoAttrs> = {
  name: 'softmax',
  infer: ([x]) => [{ shape: x!.shape, element: 'f32' }],
  gradient: ({ outputs: [y] }, [dy]) => (dy === undefined ? [] : [apply(softmaxGradientOp, [y!, dy], {})[0]!]),
  lower: ({ inputs: [x], outputs: [y], label }) => ({ kernel, dims: dimsOf(x!), buffers: { x: x!, y: y! }, label }),
  probes: [{ inputs: [{ shape: [2, 3, 5] }], build: ([x]) => softmax(x!) }],
}

/** Inputs: y and its gradient. No gradient rule of its own. */
export const softmaxGradientOp: Op<NoAttrs> = {
  name: 'softmax-gradient',
  infer: ([y]) => [{ shape: y!.shape, element: 'f32' }],
  lower: ({ inputs: [y, dy], outputs: [dx], label }) => ({ kernel: gradientKernel, dims: dimsOf(y!), buffers: { y: y!, dy: dy!, dx: dx! }, label }),
  probes: [],
}
