// Multi-head self-attention: y[B,T,D] = attention(x · qkv + bias) · out + bias, each position attending to all, or to earlier ones.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { attention as attend } from '../../graph/ops/attention.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { matmul } from '../../graph/ops/matmul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape } from '../../graph/tensor.ts'
import { count, defineLayer, initialiserName } from './layer.ts'

export const attention = defineLayer({
  name: 'attention',
  inputs: 1,
  schema: v.strictObject({
    heads: count,
    /** Each position sees itself and earlier ones only. */
    causal: v.optional(v.boolean(), false),
    bias: v.optional(v.boolean(), true),
    initialiser: v.optional(initialiserName, 'glorot-uniform'),
  }),
  build([x], { heads, causal, bias, initialiser }, { path, param }) {
    if (x!.shape.length !== 3) {
      throw new ConfigError(`${path}: must read a sequence [T, D], got ${formatShape(x!.shape.slice(1))}. Put an embedding node before it.`)
    }
    const [batch, length, units] = x!.shape as readonly [number, number, number]
    if (units % heads !== 0) throw new ConfigError(`${path}: must split D evenly among heads, got ${formatShape([length, units])} and ${heads} heads. Choose a divisor of ${units}.`)
    const fans = { fanIn: units, fanOut: units }
    const qkv = param({ name: 'qkv', shape: [units, 3 * units], initialiser, ...fans })
    const projected = matmul(reshape(x!, [batch * length, units]), qkv)
    const biased = bias ? biasAdd(projected, param({ name: 'qkv-bias', shape: [3 * units], initialiser: 'zeros', ...fans })) : projected
    const y = attend(reshape(biased, [batch, length, 3 * units]), { heads, causal })
    const mixed = matmul(reshape(y, [batch * length, units]), param({ name: 'out', shape: [units, units], initialiser, ...fans }))
    const sum = bias ? biasAdd(mixed, param({ name: 'out-bias', shape: [units], initialiser: 'zeros', ...fans })) : mixed
    return reshape(sum, x!.shape)
  },
})
