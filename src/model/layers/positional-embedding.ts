// A trained vector for each position, added to what stands there: y[B,T,D] = x[B,T,D] + weight[T,D].
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { biasAdd } from '../../graph/ops/bias-add.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defineLayer, initialiserName } from './layer.ts'

export const positionalEmbedding = defineLayer({
  name: 'positional-embedding',
  inputs: 1,
  schema: v.strictObject({
    initialiser: v.optional(initialiserName, 'lecun-normal'),
  }),
  build([x], { initialiser }, { path, param }) {
    if (x!.shape.length !== 3) {
      throw new ConfigError(`${path}: must read a sequence [T, D], got ${formatShape(x!.shape.slice(1))}. Put an embedding node before it.`)
    }
    const [batch, length, units] = x!.shape as readonly [number, number, number]
    const weight = param({ name: 'weight', shape: [length, units], initialiser, fanIn: units, fanOut: units })
    // All positions of an example side by side: a bias of T * D elements.
    const sum = biasAdd(reshape(x!, [batch, length * units]), reshape(weight, [length * units]))
    return reshape(sum, x!.shape)
  },
})
