// The weighted mean of updates that are first scaled down to a largest norm, so that nobody counts for much more than
// anybody else (Sun et al. 2019, arXiv 1911.07963). The server clips, so it must see each update.
import * as v from 'valibot'
import { addUpdate } from '../exact-sum.ts'
import { register, streaming } from './streaming.ts'
import { squaredNorm } from './vectors.ts'

const schema = v.strictObject({
  /** Largest Euclidean norm of an update. */
  norm: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), 10),
})

export const normBoundedMean = register(schema, ({ norm }) => streaming({
  name: 'norm-bounded-mean',
  sees: 'each',
  scalesByNorm: true,
  add(state, update) {
    const length = Math.sqrt(update.squaredNorm ?? squaredNorm(update.values))
    return addUpdate(state, update, { weight: update.weight, factor: length > norm ? norm / length : 1 })
  },
}))
