// Fair samples in proportion to speed, so that all volunteers are done with their part at the same time.
import * as v from 'valibot'
import { permutation } from '../../base/rng.ts'
import { apportion, cut, requireWeights, type Partitioner } from './partition.ts'

export const bySpeed: Partitioner<object> = {
  name: 'by-speed',
  schema: v.strictObject({}),
  divide: ({ labels, parts, speeds, rng }) => cut(permutation(rng, labels.length), apportion(labels.length, requireWeights(speeds, parts, 'partition by-speed: speeds'))),
}
