// Fully connected layer: y[B,units] = act(x[B,K] · weight[K,units] + bias[units]).
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { matmul } from '../../graph/ops/matmul.ts'
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
    if (x!.shape.length !== 2) {
      throw new ConfigError(`${path}: must read one dimension of features, got ${formatShape(x!.shape.slice(1))} for units ${formatShape([units])}. Put a flatten node before it.`)
    }
    const features = x!.shape[1]!
    const weight = param({ name: 'weight', shape: [features, units], initialiser: options.initialiser ?? defaultInitialiser(options.activation), fanIn: features, fanOut: units })
    const product = matmul(x!, weight)
    const sum = options.bias ? biasAdd(product, param({ name: 'bias', shape: [units], initialiser: 'zeros', fanIn: features, fanOut: units })) : product
    return activation(sum, options.activation)
  },
})
