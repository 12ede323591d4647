// Matrices, tables, and convolutions, which ONNX has in NCHW: images are transposed on their way in and out (runtimes
// push such transposes together), filters in the file.
import type { Emitter, OnnxRule } from '../emitter.ts'

const TO_NCHW = [0, 3, 1, 2]
const TO_NHWC = [0, 2, 3, 1]
/** [KH, KW, C, F] -> [F, C, KH, KW] */
const FILTER = [3, 2, 0, 1]

/** What `build` makes of an image in NCHW, in NHWC. */
export const asNchw = (e: Emitter, image: string, build: (image: string) => string): string => e.transpose(build(e.transpose(image, TO_NCHW)), TO_NHWC)

type Pair = readonly [number, number]

/** ONNX gives top, left, bottom, right; ours are top, bottom, left, right. */
export const pads = ([top, bottom, left, right]: readonly number[]): readonly number[] => [top!, left!, bottom!, right!]

interface Grouped {
  readonly stride: Pair
  readonly padding: readonly number[]
  readonly dilation: Pair
  readonly groups: number
}

export const linearRules: readonly OnnxRule[] = [
  {
    name: 'matmul',
    emit({ inputs: [a, b], attrs }, e) {
      const side = (name: string, transposed: unknown): string => (transposed === 1 ? e.transpose(name, [1, 0]) : name)
      return e.node('MatMul', [side(e.name(a!), attrs['transposeA']), side(e.name(b!), attrs['transposeB'])])
    },
  },
  { name: 'embedding', emit: ({ inputs: [table, ids] }, e) => e.node('Gather', [e.name(table!), e.name(ids!)], { axis: 0 }) },
  {
    name: 'conv2d',
    emit({ inputs: [x, w], attrs }, e) {
      const { stride, padding } = attrs as unknown as { readonly stride: Pair; readonly padding: readonly number[] }
      const filter = e.transpose(e.name(w!), FILTER)
      return asNchw(e, e.name(x!), (image) => e.node('Conv', [image, filter], { kernel_shape: w!.shape.slice(0, 2), strides: stride, pads: pads(padding) }))
    },
  },
  {
    name: 'grouped-conv2d',
    emit({ inputs: [x, w], attrs }, e) {
      const { stride, padding, dilation, groups } = attrs as unknown as Grouped
      const filter = e.transpose(e.name(w!), FILTER)
      return asNchw(e, e.name(x!), (image) => e.node('Conv', [image, filter], { kernel_shape: w!.shape.slice(0, 2), strides: stride, pads: pads(padding), dilations: dilation, group: groups }))
    },
  },
  ...['conv2d-input-gradient', 'grouped-conv2d-input-gradient'].map((name): OnnxRule => ({
    name,
    emit({ inputs: [x, w], attrs }, e) {
      const { stride, padding, dilation = [1, 1], groups = 1, target } = attrs as unknown as Grouped & { readonly target: readonly number[] }
      // What no window of the forward convolution reached is put at the bottom and right as zeros.
      const unread = [0, 1].map((i) => target[i + 1]! + padding[2 * i]! + padding[2 * i + 1]! - ((x!.shape[i + 1]! - 1) * stride[i]! + (w!.shape[i]! - 1) * dilation[i]! + 1))
      const attributes = { kernel_shape: w!.shape.slice(0, 2), strides: stride, pads: pads(padding), dilations: dilation, group: groups, output_padding: unread }
      return asNchw(e, e.name(x!), (image) => e.node('ConvTranspose', [image, e.transpose(e.name(w!), FILTER)], attributes))
    },
  })),
  {
    name: 'average-pool',
    emit({ inputs: [x], attrs }, e) {
      const { size, stride, padding } = attrs as unknown as { readonly size: Pair; readonly stride: Pair; readonly padding: readonly number[] }
      return asNchw(e, e.name(x!), (image) => e.node('AveragePool', [image], { kernel_shape: size, strides: stride, pads: pads(padding), count_include_pad: 0 }))
    },
  },
  { name: 'global-max', emit: ({ inputs: [x] }, e) => e.node('ReduceMax', [e.name(x!)], { axes: [1], keepdims: 0 }) },
  {
    name: 'max-pool',
    emit({ inputs: [x], attrs }, e) {
      const { size, stride } = attrs as unknown as { readonly size: Pair; readonly stride: Pair }
      return asNchw(e, e.name(x!), (image) => e.node('MaxPool', [image], { kernel_shape: size, strides: stride }))
    },
  },
]
