// A part of each example along one axis: some of its features, positions or channels.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { slice as cut } from '../../graph/ops/slice.ts'
import { formatShape } from '../../graph/tensor.ts'
import { axis, batchAxis, defineLayer } from './layer.ts'

const position = v.pipe(v.number(), v.safeInteger(), v.minValue(-65_536), v.maxValue(65_536))

export const slice = defineLayer({
  name: 'slice',
  inputs: 1,
  schema: v.strictObject({
    /** Of an example; negative ones count from the end. */
    axis: v.optional(axis, -1),
    /** First element, and first one left out; negative ones count from the end. The end of the axis where `end` is absent. */
    start: v.optional(position, 0),
    end: v.optional(position),
  }),
  build([x], options, { path }) {
    const along = batchAxis(x!, options.axis, path), size = x!.shape[along]!
    const at = (index: number): number => (index < 0 ? size + index : index)
    const start = at(options.start), end = at(options.end ?? size)
    if (start < 0 || end > size || end <= start) {
      throw new ConfigError(`${path}: must take a part of axis ${along - 1}, got ${options.start} to ${options.end ?? size} of ${formatShape(x!.shape.slice(1))}. Choose a start below the end, and an end of at most ${size}.`)
    }
    return cut(x!, { axis: along, start, end })
  },
})
