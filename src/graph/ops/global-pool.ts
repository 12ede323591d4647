// Pooling of all positions of an example: the mean or the largest of each channel.
import { product } from '../../base/math.ts'
import { globalMax as forwardKernel, globalMaxGradient as gradientKernel } from '../../kernels/global-max.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, type Op, type Tensor } from '../tensor.ts'
import { biasAdd } from './bias-add.ts'
import { activation } from './activation.ts'
import { afterPooling } from './max-pool.ts'
import { mean } from './reduce.ts'
import { reshape } from './reshape.ts'

/** [N, P, C] of x[N, ..., C]. */
const positions = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, product(x.shape.slice(1, -1)), x.shape.at(-1)!])

/** y[N,C], the mean of x[N,...,C] over everything between. */
export const globalAveragePool = (x: Tensor): Tensor => mean(positions(x), 1)

/** y[N,C], the largest of x[N,...,C] over everything between. A bias and an activation before it are applied after it instead, as with maxPool. */
export const globalMaxPool = (x: Tensor): Tensor => afterPooling(x, globalMaxPool) ?? apply(globalMaxOp, [positions(x)], {})[0]!

export const globalMaxOp: Op<Record<string, never>> = {
  name: 'global-max',
  infer([x]) {
    const shape = [x!.shape[0]!, x!.shape[2]!]
    return [{ shape, element: 'f32' }, { shape, element: 'u32' }]
  },
  gradient: ({ inputs: [x], outputs: [, place] }, [dy]) => (dy === undefined ? [] : [apply(globalMaxGradientOp, [dy, place!], { positions: x!.shape[1]! })[0]!]),
  lower: ({ inputs: [x], outputs: [y, place], label }) => ({ kernel: forwardKernel, dims: maxDims(x!), buffers: { x: x!, y: y!, place: place! }, label }),
  probes: [
    { inputs: [{ shape: [2, 3, 2, 4] }], build: ([x]) => globalMaxPool(x!) },
    { inputs: [{ shape: [2, 5, 3] }, { shape: [3] }], build: ([x, bias]) => globalMaxPool(activation(biasAdd(x!, bias!), 'tanh')) },
  ],
}

/** dy[N,C] at its place among `positions`, zeros elsewhere. No gradient rule of its own. */
export const globalMaxGradientOp: Op<{ readonly positions: number }> = {
  name: 'global-max-gradient',
  infer: ([dy], { positions: P }) => [{ shape: [dy!.shape[0]!, P, dy!.shape[1]!], element: 'f32' }],
  lower: ({ inputs: [dy, place], outputs: [dx], label }) => ({ kernel: gradientKernel, dims: maxDims(dx!), buffers: { dy: dy!, place: place!, dx: dx! }, label }),
  probes: [],
}

const maxDims = ({ shape }: Tensor): Dims => ({ N: shape[0]!, P: shape[1]!, C: shape[2]! })
