// 2-D convolution in NHWC and its two gradients. Each of the three is linear in both operands, so each one's gradient is
// made of the other two, and any of them can be differentiated again.
import { ConfigError } from '../../base/errors.ts'
import { conv2d as forwardKernel, conv2dFilterGradient as filterGradientKernel, conv2dInputGradient as inputGradientKernel } from '../../kernels/conv2d.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, type Op, type OpProbe, type Tensor } from '../tensor.ts'

export interface Conv2dGeometry {
  /** Rows, columns. */
  readonly stride: readonly [number, number]
  /** Zeros put around the image: top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number]
}

type ConvAttrs = { readonly stride: readonly number[]; readonly padding: readonly number[] }
/** The gradients cannot tell the shape of their output from their inputs. */
type ConvGradientAttrs = ConvAttrs & { readonly target: readonly number[] }

/** y[N,OH,OW,F] from x[N,H,W,C] and w[KH,KW,C,F]. */
export const conv2d = (x: Tensor, w: Tensor, { stride, padding }: Conv2dGeometry): Tensor => apply(conv2dOp, [x, w], { stride, padding })[0]!

/** dx[N,H,W,C] of shape `target` from dy[N,OH,OW,F] and w[KH,KW,C,F]. */
export const conv2dInputGradient = (dy: Tensor, w: Tensor, { stride, padding }: Conv2dGeometry, target: readonly number[]): Tensor => inputGradient(dy, w, { stride, padding, target })

const inputGradient = (dy: Tensor, w: Tensor, attrs: ConvGradientAttrs): Tensor => apply(conv2dInputGradientOp, [dy, w], attrs)[0]!
const filterGradient = (x: Tensor, dy: Tensor, attrs: ConvGradientAttrs): Tensor => apply(conv2dFilterGradientOp, [x, dy], attrs)[0]!

export const conv2dOp: Op<ConvAttrs> = {
  name: 'conv2d',
  infer: ([x, w], attrs, label) => [{ shape: outputShape(x!.shape, w!.shape, attrs, label), element: 'f32' }],
  gradient({ inputs, attrs: { stride, padding } }, [dy]) {
    if (dy === undefined) return []
    const [x, w] = [inputs[0]!, inputs[1]!]
    return [
      inputGradient(dy, w, { stride, padding, target: x.shape }),
      filterGradient(x, dy, { stride, padding, target: w.shape }),
    ]
  },
  lower: ({ inputs: [x, w], outputs: [y], attrs, label }) => ({
    kernel: forwardKernel,
    dims: convDims(x!.shape, w!.shape, y!.shape, attrs),
    buffers: { x: x!, w: w!, y: y! },
    label,
  }),
  probes: convProbes((x, w, geometry) => ({ inputs: [{ shape: x }, { shape: w }], build: ([a, b]) => conv2d(a!, b!, geometry) })),
}

export const conv2dInputGradientOp: Op<ConvGradientAttrs> = {
  name: 'conv2d-input-gradient',
  infer: (_inputs, { target }) => [{ shape: target, element: 'f32' }],
  gradient({ inputs, attrs: { stride, padding } }, [g]) {
    if (g === undefined) return []
    const [dy, w] = [inputs[0]!, inputs[1]!]
    return [apply(conv2dOp, [g, w], { stride, padding })[0]!, filterGradient(g, dy, { stride, padding, target: w.shape })]
  },
  lower: ({ inputs: [dy, w], outputs: [dx], attrs, label }) => ({
    kernel: inputGradientKernel,
    dims: convDims(dx!.shape, w!.shape, dy!.shape, attrs),
    buffers: { dy: dy!, w: w!, dx: dx! },
    label,
  }),
  probes: convProbes((x, w, geometry, y) => ({
    inputs: [{ shape: y }, { shape: w }],
    build: ([dy, b]) => inputGradient(dy!, b!, { ...geometry, target: x }),
  })),
}

export const conv2dFilterGradientOp: Op<ConvGradientAttrs> = {
  name: 'conv2d-filter-gradient',
  infer: (_inputs, { target }) => [{ shape: target, element: 'f32' }],
  gradient({ inputs, attrs: { stride, padding } }, [g]) {
    if (g === undefined) return []
    const [x, dy] = [inputs[0]!, inputs[1]!]
    return [inputGradient(dy, g, { stride, padding, target: x.shape }), apply(conv2dOp, [x, g], { stride, padding })[0]!]
  },
  lower: ({ inputs: [x, dy], outputs: [dw], attrs, label }) => ({
    kernel: filterGradientKernel,
    dims: convDims(x!.shape, dw!.shape, dy!.shape, attrs),
    buffers: { x: x!, dy: dy!, dw: dw! },
    label,
  }),
  probes: convProbes((x, w, geometry, y) => ({
    inputs: [{ shape: x }, { shape: y }],
    build: ([a, dy]) => filterGradient(a!, dy!, { ...geometry, target: w }),
  })),
}

function outputShape(x: readonly number[], w: readonly number[], { stride, padding }: ConvAttrs, label: string): readonly number[] {
  const both = `${formatShape(x)} and ${formatShape(w)}`
  if (x.length !== 4 || w.length !== 4) throw new ConfigError(`${label}: must convolve an image [N, H, W, C] with a filter [KH, KW, C, F], got ${both}. Reshape them.`)
  const [N, H, W, C] = x as readonly [number, number, number, number]
  const [KH, KW, filterChannels, F] = w as readonly [number, number, number, number]
  if (C !== filterChannels) throw new ConfigError(`${label}: must have as many channels in the filter as in the image, got ${both}. Give the filter ${C} channels.`)
  const reach = [H + padding[0]! + padding[1]! - KH, W + padding[2]! + padding[3]! - KW] as const
  if (reach[0] < 0 || reach[1] < 0) throw new ConfigError(`${label}: must have a filter no larger than the padded image, got ${both}. Use a smaller kernel or more padding.`)
  return [N, Math.floor(reach[0] / stride[0]!) + 1, Math.floor(reach[1] / stride[1]!) + 1, F]
}

function convDims(x: readonly number[], w: readonly number[], y: readonly number[], { stride, padding }: ConvAttrs): Dims {
  return {
    N: x[0]!, H: x[1]!, W: x[2]!, C: x[3]!, F: w[3]!, KH: w[0]!, KW: w[1]!, OH: y[1]!, OW: y[2]!,
    SH: stride[0]!, SW: stride[1]!, PT: padding[0]!, PL: padding[2]!, BIAS: 0, ACT: 0,
  }
}

type Shape = readonly number[]

function convProbes(probe: (x: Shape, w: Shape, geometry: Conv2dGeometry, y: Shape) => OpProbe): readonly OpProbe[] {
  const cases: readonly (readonly [Shape, Shape, Conv2dGeometry])[] = [
    [[2, 5, 4, 2], [3, 3, 2, 3], { stride: [1, 1], padding: [0, 0, 0, 0] }],
    [[1, 4, 4, 1], [3, 3, 1, 2], { stride: [1, 1], padding: [1, 1, 1, 1] }],
    [[2, 6, 5, 2], [3, 2, 2, 2], { stride: [2, 2], padding: [1, 0, 0, 1] }],
  ]
  return cases.map(([x, w, geometry]) => probe(x, w, geometry, outputShape(x, w, geometry, 'probe')))
}
