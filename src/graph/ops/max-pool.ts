// Max pooling in NHWC and its gradient.
import { ConfigError } from '../../base/errors.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { maxPool as forwardKernel, maxPoolGradient as gradientKernel } from '../../kernels/max-pool.ts'
import { pointwiseFunctions } from '../../kernels/pointwise/index.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { activation } from './activation.ts'
import { biasAdd } from './bias-add.ts'
import { add, isPointwise, pointwise } from './pointwise.ts'
import { pad } from './slice.ts'

type PoolAttrs = { readonly size: readonly number[]; readonly stride: readonly number[] }

export interface PoolGeometry {
  /** Rows, columns. */
  readonly size: readonly [number, number]
  readonly stride: readonly [number, number]
  /** Rows and columns put around the image, which are never the largest: top, bottom, left, right. None where absent. */
  readonly padding?: readonly [number, number, number, number]
}

/** Below every number that an image holds, but finite: it is passed on as a constant of a shader. */
const LOWEST = -3.4028234663852886e38

/**
 * y[N,OH,OW,C], the largest of each window of x[N,H,W,C]; rows and columns that fill no window are dropped.
 * A bias and an activation before it are applied after it instead: the same result, but they and their gradients touch
 * only what is left of the image, and one image less has to be kept for the backward pass.
 */
export const maxPool = (x: Tensor, geometry: PoolGeometry): Tensor =>
  afterPooling(x, (image) => maxPool(image, geometry)) ?? apply(maxPoolOp, [framed(x, geometry)], { size: geometry.size, stride: geometry.stride })[0]!

function framed(x: Tensor, { padding: [top, bottom, left, right] = [0, 0, 0, 0] }: PoolGeometry): Tensor {
  return pad(pad(x, { axis: 1, before: top, after: bottom, value: LOWEST }), { axis: 2, before: left, after: right, value: LOWEST })
}

/** The bias or activation that made x, applied to what `pool` makes of the tensor before it; undefined where something else made x. */
export function afterPooling(x: Tensor, pool: (before: Tensor) => Tensor): Tensor | undefined {
  const later = isPointwise(x.node) ? x.node : undefined
  const [first, second] = later?.inputs ?? []
  if (first !== undefined && second === undefined && pointwiseFunctions.get(later!.attrs.fn).nonDecreasing === true) {
    return pointwise(later!.attrs.fn, [pool(first)], later!.attrs.constants)
  }
  return later?.attrs.fn === 'add' && first!.shape.length > 2 && second!.shape.length === 1 ? add(pool(first!), second!) : undefined
}

export const maxPoolOp: Op<PoolAttrs> = {
  name: 'max-pool',
  infer([x], { size, stride }, label) {
    if (x!.shape.length !== 4) throw new ConfigError(`${label}: must pool an image [N, H, W, C], got ${formatShape(x!.shape)}. Put it before flatten.`)
    const [N, H, W, C] = x!.shape as readonly [number, number, number, number]
    const OH = Math.floor((H - size[0]!) / stride[0]!) + 1, OW = Math.floor((W - size[1]!) / stride[1]!) + 1
    if (OH < 1 || OW < 1) throw new ConfigError(`${label}: must have a window no larger than the image, got ${formatShape(x!.shape)} and ${formatShape(size)}. Use a smaller window.`)
    return [{ shape: [N, OH, OW, C], element: 'f32' }]
  },
  gradient: ({ inputs, attrs }, [dy]) => (dy === undefined ? [] : [apply(maxPoolGradientOp, [inputs[0]!, dy], attrs)[0]!]),
  lower: ({ inputs: [x], outputs: [y], attrs, label }) => ({ kernel: forwardKernel, dims: { ...poolDims(x!, y!, attrs), BIAS: 0, ACT: 0 }, buffers: { x: x!, y: y! }, label }),
  probes: [
    { inputs: [{ shape: [2, 4, 6, 3] }], build: ([x]) => maxPool(x!, { size: [2, 2], stride: [2, 2] }) },
    { inputs: [{ shape: [1, 7, 6, 2] }], build: ([x]) => maxPool(x!, { size: [3, 2], stride: [2, 1] }) },
    { inputs: [{ shape: [1, 5, 4, 2] }], build: ([x]) => maxPool(x!, { size: [3, 3], stride: [2, 2], padding: [1, 1, 0, 1] }) },
    { inputs: [{ shape: [1, 5, 4, 2] }], build: ([x]) => maxPool(activation(x!, 'relu'), { size: [2, 2], stride: [1, 2] }) },
    { inputs: [{ shape: [1, 5, 4, 2] }, { shape: [2] }], build: ([x, bias]) => maxPool(activation(biasAdd(x!, bias!), 'tanh'), { size: [2, 2], stride: [2, 2] }) },
  ],
}

/** Has no gradient rule of its own: nothing here differentiates a max-pool twice. */
export const maxPoolGradientOp: Op<PoolAttrs> = {
  name: 'max-pool-gradient',
  infer: ([x]) => [{ shape: x!.shape, element: 'f32' }],
  lower: ({ inputs: [x, dy], outputs: [dx], attrs, label }) => ({ kernel: gradientKernel, dims: poolDims(x!, dy!, attrs), buffers: { x: x!, dy: dy!, dx: dx! }, label }),
  probes: [],
}

function poolDims(x: Tensor, y: Tensor, { size, stride }: PoolAttrs): Dims {
  const [N, H, W, C] = x.shape as readonly [number, number, number, number]
  return { N, H, W, C, KH: size[0]!, KW: size[1]!, OH: y.shape[1]!, OW: y.shape[2]!, SH: stride[0]!, SW: stride[1]! }
}
