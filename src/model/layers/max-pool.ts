// Max pooling over NHWC images; rows and columns that fill no window are dropped.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { maxPool as pool } from '../../graph/ops/max-pool.ts'
import { formatShape } from '../../graph/tensor.ts'
import { defineLayer, pair } from './layer.ts'

export const maxPool = defineLayer({
  name: 'max-pool',
  inputs: 1,
  schema: v.strictObject({
    size: pair,
    /** As large as the window where absent. */
    stride: v.optional(pair),
  }),
  build([x], { size, stride = size }, { path }) {
    const shape = x!.shape.slice(1)
    if (shape.length !== 3) throw new ConfigError(`${path}: must read an image [H, W, C], got ${formatShape(shape)} for a window ${formatShape(size)}. Put it before flatten.`)
    if (shape[0]! < size[0] || shape[1]! < size[1]) throw new ConfigError(`${path}: must have a window no larger than the image, got image ${formatShape(shape)} and window ${formatShape(size)}. Use a smaller window or fewer pooling nodes.`)
    return pool(x!, { size, stride })
  },
})
