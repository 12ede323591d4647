// 2-D convolution over NHWC images: y[B,OH,OW,filters] = act(x[B,H,W,C] * weight[KH,KW,C/groups,filters] + bias[filters]).
// Depthwise where there are as many groups as channels.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { convolve } from '../../graph/ops/convolution.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defaultInitialiser } from '../initialisers.ts'
import { checkGroups, padding as paddingSchema, resolvePadding, windowOf } from './geometry.ts'
import { activationName, count, defineLayer, initialiserName, pair } from './layer.ts'

export const conv2d = defineLayer({
  name: 'conv2d',
  inputs: 1,
  schema: v.strictObject({
    filters: count,
    /** Rows and columns of the filter. */
    kernel: pair,
    stride: v.optional(pair, 1),
    padding: v.optional(paddingSchema, 'same'),
    /** Rows and columns from one tap of the kernel to the next. */
    dilation: v.optional(pair, 1),
    /** Each filter reads only the channels of its group. */
    groups: v.optional(count, 1),
    activation: v.optional(activationName, 'linear'),
    bias: v.optional(v.boolean(), true),
    initialiser: v.optional(initialiserName),
  }),
  build([x], options, { path, param }) {
    const { filters, kernel: [KH, KW], stride, dilation, groups } = options
    if (x!.shape.length !== 4) {
      throw new ConfigError(`${path}: must read an image [H, W, C], got ${formatShape(x!.shape.slice(1))} for a kernel ${formatShape([KH, KW])}. Put it before flatten, or give the input three dimensions.`)
    }
    const [, H, W, C] = x!.shape as readonly [number, number, number, number]
    checkGroups({ groups, channels: C, filters, path })
    const window = windowOf([KH, KW], dilation)
    const padding = resolvePadding(options.padding, { image: [H, W], window, stride })
    if (H + padding[0] + padding[1] < window[0] || W + padding[2] + padding[3] < window[1]) {
      throw new ConfigError(`${path}: must have a kernel no larger than the padded image, got image ${formatShape([H, W, C])} and kernel ${formatShape(window)}. Use a smaller kernel or padding "same".`)
    }
    const fans = { fanIn: KH * KW * C / groups, fanOut: KH * KW * filters / groups }
    const weight = param({ name: 'weight', shape: [KH, KW, C / groups, filters], initialiser: options.initialiser ?? defaultInitialiser(options.activation), ...fans })
    const image = convolve(x!, weight, { stride, padding, dilation, groups })
    const sum = options.bias ? biasAdd(image, param({ name: 'bias', shape: [filters], initialiser: 'zeros', ...fans })) : image
    return activation(sum, options.activation)
  },
})
