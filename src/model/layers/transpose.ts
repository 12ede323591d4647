// The dimensions of an example in another order.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { transpose as permute } from '../../graph/ops/transpose.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defineLayer } from './layer.ts'

export const transpose = defineLayer({
  name: 'transpose',
  inputs: 1,
  schema: v.strictObject({
    /** Dimension k of the result is dimension axes[k] of an example. */
    axes: v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(3))), v.minLength(1), v.maxLength(4)),
  }),
  build([x], { axes }, { path }) {
    const shape = x!.shape.slice(1)
    if (axes.length !== shape.length || new Set(axes).size !== axes.length || axes.some((axis) => axis >= shape.length)) {
      throw new ConfigError(`${path}: must name each dimension once, got axes ${formatShape(axes)} for ${formatShape(shape)}. Give the numbers 0 to ${shape.length - 1} in the order wanted.`)
    }
    return permute(x!, [0, ...axes.map((axis) => axis + 1)])
  },
})
