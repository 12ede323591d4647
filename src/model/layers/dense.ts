// Fully connected layer: y[B,units] = act(x[B,K] · weight[K,units] + bias[units]); of a sequence [B,T,K], each position for itself.
// Of low rank, the weight is a product that is never formed: down[K,rank] · up[rank,units].
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { activation } from '../../graph/ops/activation.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { matmul } from '../../graph/ops/matmul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape, type Tensor } from '../../graph/tensor.ts'
import { defaultInitialiser } from '../initialisers.ts'
import { activationName, count, defineLayer, initialiserName } from './layer.ts'

export const dense = defineLayer({
  name: 'dense',
  inputs: 1,
  schema: v.strictObject({
    units: count,
    activation: v.optional(activationName, 'linear'),
    bias: v.optional(v.boolean(), true),
    /** Fewer params: the weight is a product of two thin matrices. */
    rank: v.optional(count),
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
    const initialiser = options.initialiser ?? defaultInitialiser(options.activation)
    const times = (left: Tensor, name: string, width: number, begin = initialiser): Tensor =>
      matmul(left, param({ name, shape: [left.shape[1]!, width], initialiser: begin, fanIn: left.shape[1]!, fanOut: width }))
    const { rank } = options
    if (rank !== undefined && rank >= Math.min(features, units)) {
      throw new ConfigError(`${path}: must have a rank below its features and units, got rank ${rank} for ${formatShape([features])} and ${formatShape([units])}. Use a lower rank, or none.`)
    }
    // No activation follows the thin product, so nothing halves its signal.
    const products = rank === undefined ? times(rows, 'weight', units) : times(times(rows, 'down', rank, options.initialiser ?? 'lecun-normal'), 'up', units)
    const sum = options.bias ? biasAdd(products, param({ name: 'bias', shape: [units], initialiser: 'zeros', fanIn: features, fanOut: units })) : products
    return reshape(activation(sum, options.activation), [...x!.shape.slice(0, -1), units])
  },
})
