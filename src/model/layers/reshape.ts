// The same elements of an example in another shape. Free.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { reshape as view } from '../../graph/ops/reshape.ts'
import { formatShape } from '../../graph/tensor.ts'
import { count, defineLayer } from './layer.ts'

export const reshape = defineLayer({
  name: 'reshape',
  inputs: 1,
  integers: true,
  /** Of one example, without the batch dimension. */
  schema: v.strictObject({ shape: v.pipe(v.array(count), v.minLength(1), v.maxLength(4)) }),
  build([x], { shape }, { path }) {
    const given = x!.shape.slice(1)
    if (product(given) !== product(shape)) {
      throw new ConfigError(`${path}: must keep the number of elements, got ${formatShape(given)} for shape ${formatShape(shape)}. Choose a shape of ${product(given)} elements.`)
    }
    return view(x!, [x!.shape[0]!, ...shape])
  },
})
