// A trained vector for each integer: y[...,units] = table[x[...],units].
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { embedding as lookUp } from '../../graph/ops/embedding.ts'
import { formatShape } from '../../graph/tensor.ts'
import { count, defineLayer, initialiserName } from './layer.ts'

export const embedding = defineLayer({
  name: 'embedding',
  inputs: 1,
  integers: true,
  schema: v.strictObject({
    /** How many different integers there are: the input's `below`. */
    vocabulary: count,
    units: count,
    /** With the default, vectors begin about one long. */
    initialiser: v.optional(initialiserName, 'lecun-normal'),
  }),
  build([x], { vocabulary, units, initialiser }, { path, param, below }) {
    if (x!.element !== 'u32') {
      throw new ConfigError(`${path}: must read integers, got real numbers ${formatShape(x!.shape.slice(1))} for a table ${formatShape([vocabulary, units])}. Read an input { "shape": …, "below": ${vocabulary} }.`)
    }
    if (below(x!) > vocabulary) {
      throw new ConfigError(`${path}: must have a vector for each integer, got ${vocabulary} for integers below ${below(x!)}. Set vocabulary to ${below(x!)}.`)
    }
    return lookUp(param({ name: 'weight', shape: [vocabulary, units], initialiser, fanIn: units, fanOut: units }), x!)
  },
})
