// 2-D convolution in NHWC with groups of channels or taps that lie apart, and its two gradients. As with conv2d, each of the
// three is linear in both operands, so each one's gradient is made of the other two.
import { ConfigError } from '../../base/errors.ts'
import { groupedConv2d as forwardKernel, groupedConv2dFilterGradient, groupedConv2dInputGradient } from '../../kernels/grouped-conv2d.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, type Op, type OpProbe, type Tensor } from '../tensor.ts'
import type { Conv2dGeometry } from './conv2d.ts'

export interface GroupedGeometry extends Conv2dGeometry {
  /** Rows and columns from one tap to the next. */
  readonly dilation: readonly [number, number]
  /** Filter f reads the channels of group floor(f * groups / F) alone. */
  readonly groups: number
}

type GroupedAttrs = { readonly stride: readonly number[]; readonly padding: readonly number[]; readonly dilation: readonly number[]; readonly groups: number }
/** The gradients cannot tell the shape of their output from their inputs. */
type GradientAttrs = GroupedAttrs & { readonly target: readonly number[] }
type Shape = readonly number[]

/** y[N,OH,OW,F] from x[N,H,W,C] and w[KH,KW,C/groups,F]. */
export const groupedConv2d = (x: Tensor, w: Tensor, geometry: GroupedGeometry): Tensor => apply(groupedConv2dOp, [x, w], attrsOf(geometry))[0]!

/** dx[N,H,W,C] of shape `target` from dy[N,OH,OW,F] and w[KH,KW,C/groups,F]. */
export const groupedInputGradient = (dy: Tensor, w: Tensor, geometry: GroupedGeometry, target: Shape): Tensor =>
  apply(groupedConv2dInputGradientOp, [dy, w], { ...attrsOf(geometry), target })[0]!

const filterGradient = (x: Tensor, dy: Tensor, attrs: GradientAttrs): Tensor => apply(groupedConv2dFilterGradientOp, [x, dy], attrs)[0]!
const attrsOf = ({ stride, padding, dilation, groups }: GroupedAttrs): GroupedAttrs => ({ stride, padding, dilation, groups })

export const groupedConv2dOp: Op<GroupedAttrs> = {
  name: 'grouped-conv2d',
  infer: ([x, w], attrs, label) => [{ shape: outputShape(x!.shape, w!.shape, attrs, label), element: 'f32' }],
  gradient({ inputs, attrs }, [dy]) {
    if (dy === undefined) return []
    const [x, w] = [inputs[0]!, inputs[1]!]
    return [apply(groupedConv2dInputGradientOp, [dy, w], { ...attrs, target: x.shape })[0]!, filterGradient(x, dy, { ...attrs, target: w.shape })]
  },
  lower: ({ inputs: [x, w], outputs: [y], attrs, label }) => ({
    kernel: forwardKernel,
    dims: { ...groupedDims(x!.shape, w!.shape, y!.shape, attrs), BIAS: 0, ACT: 0 },
    buffers: { x: x!, w: w!, y: y! },
    label,
  }),
  probes: groupedProbes((x, w, geometry) => ({ inputs: [{ shape: x }, { shape: w }], build: ([a, b]) => groupedConv2d(a!, b!, geometry) })),
}

export const groupedConv2dInputGradientOp: Op<GradientAttrs> = {
  name: 'grouped-conv2d-input-gradient',
  infer: (_inputs, { target }) => [{ shape: target, element: 'f32' }],
  gradient({ inputs, attrs }, [g]) {
    if (g === undefined) return []
    const [dy, w] = [inputs[0]!, inputs[1]!]
    return [apply(groupedConv2dOp, [g, w], attrsOf(attrs))[0]!, filterGradient(g, dy, { ...attrs, target: w.shape })]
  },
  lower: ({ inputs: [dy, w], outputs: [dx], attrs, label }) => ({
    kernel: groupedConv2dInputGradient,
    dims: groupedDims(dx!.shape, w!.shape, dy!.shape, attrs),
    buffers: { dy: dy!, w: w!, dx: dx! },
    label,
  }),
  probes: groupedProbes((x, w, geometry, y) => ({ inputs: [{ shape: y }, { shape: w }], build: ([dy, b]) => groupedInputGradient(dy!, b!, geometry, x) })),
}

export const groupedConv2dFilterGradientOp: Op<GradientAttrs> = {
  name: 'grouped-conv2d-filter-gradient',
  infer: (_inputs, { target }) => [{ shape: target, element: 'f32' }],
  gradient({ inputs, attrs }, [g]) {
    if (g === undefined) return []
    const [x, dy] = [inputs[0]!, inputs[1]!]
    return [apply(groupedConv2dInputGradientOp, [dy, g], { ...attrs, target: x.shape })[0]!, apply(groupedConv2dOp, [x, g], attrsOf(attrs))[0]!]
  },
  lower: ({ inputs: [x, dy], outputs: [dw], attrs, label }) => ({
    kernel: groupedConv2dFilterGradient,
    dims: groupedDims(x!.shape, dw!.shape, dy!.shape, attrs),
    buffers: { x: x!, dy: dy!, dw: dw! },
    label,
  }),
  probes: groupedProbes((x, w, geometry, y) => ({ inputs: [{ shape: x }, { shape: y }], build: ([a, dy]) => filterGradient(a!, dy!, { ...attrsOf(geometry), target: w }) })),
}

function outputShape(x: Shape, w: Shape, { stride, padding, dilation, groups }: GroupedAttrs, label: string): Shape {
  const both = `${formatShape(x)} and ${formatShape(w)}`
  if (x.length !== 4 || w.length !== 4) throw new ConfigError(`${label}: must convolve an image [N, H, W, C] with a filter [KH, KW, C, F], got ${both}. Reshape them.`)
  const [N, H, W, C] = x as readonly [number, number, number, number]
  const [KH, KW, filterChannels, F] = w as readonly [number, number, number, number]
  if (C % groups !== 0 || F % groups !== 0) throw new ConfigError(`${label}: must have channels and filters that divide into its groups, got ${both} and ${groups} groups. Use a number of groups that divides ${C} and ${F}.`)
  if (C !== filterChannels * groups) throw new ConfigError(`${label}: must have as many channels in the filter as in a group of the image, got ${both} and ${groups} groups. Give the filter ${C / groups} channels.`)
  const reach = [H + padding[0]! + padding[1]! - (KH - 1) * dilation[0]! - 1, W + padding[2]! + padding[3]! - (KW - 1) * dilation[1]! - 1] as const
  if (reach[0] < 0 || reach[1] < 0) throw new ConfigError(`${label}: must have a filter no larger than the padded image, got ${both} with dilation ${formatShape(dilation)}. Use a smaller kernel, less dilation or more padding.`)
  return [N, Math.floor(reach[0] / stride[0]!) + 1, Math.floor(reach[1] / stride[1]!) + 1, F]
}

function groupedDims(x: Shape, w: Shape, y: Shape, { stride, padding, dilation, groups }: GroupedAttrs): Dims {
  return {
    N: x[0]!, H: x[1]!, W: x[2]!, C: x[3]!, F: w[3]!, KH: w[0]!, KW: w[1]!, OH: y[1]!, OW: y[2]!,
    SH: stride[0]!, SW: stride[1]!, PT: padding[0]!, PL: padding[2]!, DH: dilation[0]!, DW: dilation[1]!, G: groups,
  }
}

function groupedProbes(probe: (x: Shape, w: Shape, geometry: GroupedGeometry, y: Shape) => OpProbe): readonly OpProbe[] {
  const cases: readonly (readonly [Shape, Shape, GroupedGeometry])[] = [
    [[1, 6, 5, 2], [3, 2, 2, 3], { stride: [1, 1], padding: [1, 0, 0, 1], dilation: [2, 3], groups: 1 }],
    [[2, 4, 4, 4], [3, 3, 2, 6], { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 2 }],
    [[1, 5, 4, 3], [3, 2, 1, 3], { stride: [2, 1], padding: [1, 0, 0, 1], dilation: [1, 2], groups: 3 }],
  ]
  return cases.map(([x, w, geometry]) => probe(x, w, geometry, outputShape(x, w, geometry, 'probe')))
}
