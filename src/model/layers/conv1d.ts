// 1-D convolution over sequences: y[B,OT,filters] = act(x[B,T,C] * weight[K,C/groups,filters] + bias[filters]), as an image of one row.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { convolve } from '../../graph/ops/convolution.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defaultInitialiser } from '../initialisers.ts'
import { checkGroups, same, sequencePadding } from './geometry.ts'
import { activationName, count, defineLayer, initialiserName } from './layer.ts'

export const conv1d = defineLayer({
  name: 'conv1d',
  inputs: 1,
  schema: v.strictObject({
    filters: count,
    kernel: count,
    stride: v.optional(count, 1),
    padding: v.optional(sequencePadding, 'same'),
    dilation: v.optional(count, 1),
    groups: v.optional(count, 1),
    activation: v.optional(activationName, 'linear'),
    bias: v.optional(v.boolean(), true),
    initialiser: v.optional(initialiserName),
  }),
  build([x], options, { path, param }) {
    const { filters, kernel, stride, dilation, groups } = options
    const reach = (kernel - 1) * dilation + 1
    if (x!.shape.length !== 3) throw new ConfigError(`${path}: must read a sequence [T, C], got ${formatShape(x!.shape.slice(1))} for a kernel ${formatShape([kernel])}. Put it before flatten, or use conv2d for images.`)
    const [B, T, C] = x!.shape as readonly [number, number, number]
    const [before, after] = resolve(options.padding, T, reach, stride)
    checkGroups({ groups, channels: C, filters, path })
    if (T + before + after < reach) throw new ConfigError(`${path}: must have a kernel no longer than the padded sequence, got sequence ${formatShape([T, C])} and kernel ${formatShape([reach])}. Use a shorter kernel or padding "same".`)
    const fans = { fanIn: kernel * C / groups, fanOut: kernel * filters / groups }
    const weight = param({ name: 'weight', shape: [kernel, C / groups, filters], initialiser: options.initialiser ?? defaultInitialiser(options.activation), ...fans })
    const row = convolve(reshape(x!, [B, 1, T, C]), reshape(weight, [1, ...weight.shape]), { stride: [1, stride], padding: [0, 0, before, after], dilation: [1, dilation], groups })
    // The bias comes after the reshape, where a pool can move it behind itself.
    const products = reshape(row, [B, row.shape[2]!, filters])
    const sum = options.bias ? biasAdd(products, param({ name: 'bias', shape: [filters], initialiser: 'zeros', ...fans })) : products
    return activation(sum, options.activation)
  },
})

function resolve(padding: v.InferOutput<typeof sequencePadding>, length: number, kernel: number, stride: number): readonly [number, number] {
  if (padding === 'valid') return [0, 0]
  if (padding === 'same') return same(length, kernel, stride)
  return padding === 'causal' ? [kernel - 1, 0] : [padding.before, padding.after]
}
