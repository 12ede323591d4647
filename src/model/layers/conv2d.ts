// 2-D convolution over NHWC images: y[B,OH,OW,filters] = act(x[B,H,W,C] * weight[KH,KW,C,filters] + bias[filters]).
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { conv2d as convolve } from '../../graph/ops/conv2d.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defaultInitialiser } from '../initialisers.ts'
import { activationName, count, defineLayer, initialiserName, pair } from './layer.ts'

const rows = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1024))
const paddingSchema = v.union([v.picklist(['same', 'valid']), v.strictObject({ top: rows, bottom: rows, left: rows, right: rows })])
type Padding = v.InferOutput<typeof paddingSchema>

export const conv2d = defineLayer({
  name: 'conv2d',
  inputs: 1,
  schema: v.strictObject({
    filters: count,
    /** Rows and columns of the filter. */
    kernel: pair,
    stride: v.optional(pair, 1),
    /** `same`: as many output rows as input rows / stride, rounded up; `valid`: none; or zeros per side. */
    padding: v.optional(paddingSchema, 'same'),
    activation: v.optional(activationName, 'linear'),
    bias: v.optional(v.boolean(), true),
    initialiser: v.optional(initialiserName),
  }),
  build([x], options, { path, param }) {
    const { filters, kernel: [KH, KW], stride } = options
    if (x!.shape.length !== 4) {
      throw new ConfigError(`${path}: must read an image [H, W, C], got ${formatShape(x!.shape.slice(1))} for a kernel ${formatShape([KH, KW])}. Put it before flatten, or give the input three dimensions.`)
    }
    const [, H, W, C] = x!.shape as readonly [number, number, number, number]
    const padding = resolvePadding(options.padding, [H, W], [KH, KW], stride)
    if (H + padding[0] + padding[1] < KH || W + padding[2] + padding[3] < KW) {
      throw new ConfigError(`${path}: must have a kernel no larger than the padded image, got image ${formatShape([H, W, C])} and kernel ${formatShape([KH, KW])}. Use a smaller kernel or padding "same".`)
    }
    const fans = { fanIn: KH * KW * C, fanOut: KH * KW * filters }
    const weight = param({ name: 'weight', shape: [KH, KW, C, filters], initialiser: options.initialiser ?? defaultInitialiser(options.activation), ...fans })
    const image = convolve(x!, weight, { stride, padding })
    const sum = options.bias ? biasAdd(image, param({ name: 'bias', shape: [filters], initialiser: 'zeros', ...fans })) : image
    return activation(sum, options.activation)
  },
})

type Pair = readonly [number, number]

/** Top, bottom, left, right. Where `same` needs an odd number of zeros, the extra one is at the bottom or right, as in TensorFlow. */
function resolvePadding(padding: Padding, image: Pair, kernel: Pair, stride: Pair): readonly [number, number, number, number] {
  if (padding === 'valid') return [0, 0, 0, 0]
  if (padding !== 'same') return [padding.top, padding.bottom, padding.left, padding.right]
  const [high, wide] = ([0, 1] as const).map((i) => Math.max((Math.ceil(image[i] / stride[i]) - 1) * stride[i] + kernel[i] - image[i], 0)) as [number, number]
  return [Math.floor(high / 2), Math.ceil(high / 2), Math.floor(wide / 2), Math.ceil(wide / 2)]
}
