// Fully connected layer: y[B,units] = act(x[B,K] · weight[K,units] + bias[units]); of a sequence [B,T,K], each position for itself.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { matmul } from '../../graph/ops/matmul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defaultInitialiser } from '../initialisers.ts'
import { activationName, count, defineLayer, initialiserName } from './layer.ts'

export const dense = defineLayer({
  name: 'dense',
  inputs: 1,
  schema: v.strictObject({
    units: count,
    activation: v.optional(activationName, 'linear'),
    bias: v.optional(v.boolean(), true),
    /** Of the weight; the default depends on the activation. */
    initialiser: v.optional(initialiserName),
  }),
  build([x], options, { path, param }) {
    const { units } = options
    if (x!.shape.length !== 2 && x!.shape.length !== 3) {
      throw new ConfigError(`${path}: must read one dimension of features, or a sequence of them [T, D], got ${formatShape(x!.shape.slice(1))} for units ${formatShape([units])}. Put a flatten node before it.`)
    }
    const features = x!.shape.at(-1)!
    const rows = reshape(x!, [product(x!.shape.slice(0, -1)), features])
    const weight = param({ name: 'weight', shape: [features, units], initialiser: options.initialiser ?? defaultInitialiser(options.activation), fanIn: features, fanOut: units })
    const products = matmul(rows, weight)
    const sum = options.bias ? biasAdd(products, param({ name: 'bias', shape: [units], initialiser: 'zeros', fanIn: features, fanOut: units })) : products
    return reshape(activation(sum, options.activation), [...x!.shape.slice(0, -1), units])
  },
})
