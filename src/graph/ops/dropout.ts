// Dropout: each element is zero with a probability of `rate`, the others are scaled up so that the mean stays. Its own gradient.
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import { dropout as kernel } from '../../kernels/dropout.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'

type DropoutAttrs = { readonly rate: number; readonly stream: number }

export interface Randomness {
  /** u32[4]: seed, work, step. */
  readonly key: Tensor
  /** Whose numbers they are: different for each use in a model. */
  readonly stream: number
}

export const dropout = (x: Tensor, rate: number, { key, stream }: Randomness): Tensor => (rate === 0 ? x : apply(dropoutOp, [x, key], { rate, stream })[0]!)

export const dropoutOp: Op<DropoutAttrs> = {
  name: 'dropout',
  infer([x, key], { rate }, label) {
    if (!(rate >= 0 && rate < 1)) throw new ConfigError(`${label}: must have a rate of at least 0 and below 1, got ${rate}. Use 0.5, for example.`)
    if (key!.element !== 'u32' || product(key!.shape) !== 4) throw new ConfigError(`${label}: must draw from four integers, got ${key!.element} ${formatShape(key!.shape)}. Give it the input "random".`)
    return [{ shape: x!.shape, element: 'f32' }]
  },
  gradient: ({ inputs: [, key], attrs }, [dy]) => [dy === undefined ? undefined : apply(dropoutOp, [dy, key!], attrs)[0]!],
  lower: ({ inputs: [x, key], outputs: [y], attrs: { rate, stream }, label }) => ({
    kernel,
    dims: { SIZE: product(x!.shape), STREAM: stream, THRESHOLD: Math.floor(rate * 2 ** 32), SCALE: floatBits(1 / (1 - rate)) },
    buffers: { x: x!, random: key!, y: y! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [3, 7] }, { shape: [4], below: 1000, constant: true }], build: ([x, key]) => dropout(x!, 0.3, { key: key!, stream: 5 }) },
  ],
}
