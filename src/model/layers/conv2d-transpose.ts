// Transposed 2-D convolution over NHWC images, which makes them larger by its stride: the gradient of a conv2d with respect to
// its input. y[B,OH,OW,filters] from x[B,H,W,C] and weight[KH,KW,filters/groups,C].
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { convolveTransposed } from '../../graph/ops/convolution.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defaultInitialiser } from '../initialisers.ts'
import { checkGroups, resolvePadding, windowOf } from './geometry.ts'
import { activationName, count, defineLayer, initialiserName, pair } from './layer.ts'

export const conv2dTranspose = defineLayer({
  name: 'conv2d-transpose',
  inputs: 1,
  schema: v.strictObject({
    filters: count,
    /** Rows and columns of the filter. */
    kernel: pair,
    stride: v.optional(pair, 1),
    /** `same`: input rows * stride; `valid`: all rows that an input row reaches. */
    padding: v.optional(v.picklist(['same', 'valid']), 'same'),
    dilation: v.optional(pair, 1),
    groups: v.optional(count, 1),
    activation: v.optional(activationName, 'linear'),
    bias: v.optional(v.boolean(), true),
    initialiser: v.optional(initialiserName),
  }),
  build([x], options, { path, param }) {
    const { filters, kernel: [KH, KW], stride, dilation, groups } = options
    if (x!.shape.length !== 4) throw new ConfigError(`${path}: must read an image [H, W, C], got ${formatShape(x!.shape.slice(1))} for a kernel ${formatShape([KH, KW])}. Put a reshape node before it.`)
    const [B, H, W, C] = x!.shape as readonly [number, number, number, number]
    checkGroups({ groups, channels: C, filters, path })
    const window = windowOf([KH, KW], dilation)
    const rows = (size: number, i: 0 | 1): number => (options.padding === 'same' ? size * stride[i] : size * stride[i] + Math.max(window[i] - stride[i], 0))
    const image = [rows(H, 0), rows(W, 1)] as const
    const padding = resolvePadding(options.padding, { image, window, stride })
    const fans = { fanIn: KH * KW * C / groups, fanOut: KH * KW * filters / groups }
    const weight = param({ name: 'weight', shape: [KH, KW, filters / groups, C], initialiser: options.initialiser ?? defaultInitialiser(options.activation), ...fans })
    const larger = convolveTransposed(x!, weight, { stride, padding, dilation, groups }, [B, ...image, filters])
    const sum = options.bias ? biasAdd(larger, param({ name: 'bias', shape: [filters], initialiser: 'zeros', ...fans })) : larger
    return activation(sum, options.activation)
  },
})
