// Average pooling in NHWC and its gradient, each linear, so that each is the other's gradient.
import { ConfigError } from '../../base/errors.ts'
import { averagePool as forwardKernel, averagePoolGradient as gradientKernel } from '../../kernels/average-pool.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, type Op, type Tensor, type TensorType } from '../tensor.ts'

export interface AveragePoolGeometry {
  /** Rows, columns. */
  readonly size: readonly [number, number]
  readonly stride: readonly [number, number]
  /** Rows and columns put around the image, which count for nothing: top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number]
}

type PoolAttrs = { readonly size: readonly number[]; readonly stride: readonly number[]; readonly padding: readonly number[] }
type GradientAttrs = PoolAttrs & { readonly target: readonly number[] }

/** y[N,OH,OW,C], the mean of what of each window lies inside x[N,H,W,C]. */
export const averagePool = (x: Tensor, { size, stride, padding }: AveragePoolGeometry): Tensor => apply(averagePoolOp, [x], { size, stride, padding })[0]!

export const averagePoolOp: Op<PoolAttrs> = {
  name: 'average-pool',
  infer: ([x], attrs, label) => [{ shape: pooledShape(x!, attrs, label), element: 'f32' }],
  gradient: ({ inputs: [x], attrs }, [dy]) => (dy === undefined ? [] : [apply(averagePoolGradientOp, [dy], { ...attrs, target: x!.shape })[0]!]),
  lower: ({ inputs: [x], outputs: [y], attrs, label }) => ({ kernel: forwardKernel, dims: poolDims(x!.shape, y!.shape, attrs), buffers: { x: x!, y: y! }, label }),
  probes: [
    { inputs: [{ shape: [2, 4, 6, 3] }], build: ([x]) => averagePool(x!, { size: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] }) },
    { inputs: [{ shape: [1, 6, 5, 2] }], build: ([x]) => averagePool(x!, { size: [3, 2], stride: [2, 1], padding: [1, 0, 0, 1] }) },
  ],
}

export const averagePoolGradientOp: Op<GradientAttrs> = {
  name: 'average-pool-gradient',
  infer: (_inputs, { target }) => [{ shape: target, element: 'f32' }],
  gradient: ({ attrs: { size, stride, padding } }, [g]) => (g === undefined ? [] : [apply(averagePoolOp, [g], { size, stride, padding })[0]!]),
  lower: ({ inputs: [dy], outputs: [dx], attrs, label }) => ({ kernel: gradientKernel, dims: poolDims(dx!.shape, dy!.shape, attrs), buffers: { dy: dy!, dx: dx! }, label }),
  probes: [{ inputs: [{ shape: [2, 2, 3, 2] }], build: ([dy]) => apply(averagePoolGradientOp, [dy!], { size: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], target: [2, 4, 5, 2] })[0]! }],
}

function pooledShape({ shape }: TensorType, { size, stride, padding }: PoolAttrs, label: string): readonly number[] {
  if (shape.length !== 4) throw new ConfigError(`${label}: must pool an image [N, H, W, C], got ${formatShape(shape)}. Put it before flatten.`)
  const [N, H, W, C] = shape as readonly [number, number, number, number]
  const OH = Math.floor((H + padding[0]! + padding[1]! - size[0]!) / stride[0]!) + 1, OW = Math.floor((W + padding[2]! + padding[3]! - size[1]!) / stride[1]!) + 1
  if (OH < 1 || OW < 1) throw new ConfigError(`${label}: must have a window no larger than the padded image, got ${formatShape(shape)} and ${formatShape(size)}. Use a smaller window.`)
  if (padding.some((rows, side) => rows >= size[side >> 1]!)) throw new ConfigError(`${label}: must have padding smaller than the window, got ${formatShape(padding)} and ${formatShape(size)}. Use less padding: a window must hold a pixel.`)
  return [N, OH, OW, C]
}

function poolDims(x: readonly number[], y: readonly number[], { size, stride, padding }: PoolAttrs): Dims {
  return { N: x[0]!, H: x[1]!, W: x[2]!, C: x[3]!, KH: size[0]!, KW: size[1]!, OH: y[1]!, OW: y[2]!, SH: stride[0]!, SW: stride[1]!, PT: padding[0]!, PL: padding[2]! }
}
