// Everybody gets a fair sample of everything, as large as everybody else's.
import * as v from 'valibot'
import { permutation } from '../../base/rng.ts'
import { cut, equalSizes, type Partitioner } from './partition.ts'

export const iid: Partitioner<object> = {
  name: 'iid',
  schema: v.strictObject({}),
  divide: ({ labels, parts, rng }) => cut(permutation(rng, labels.length), equalSizes(labels.length, parts)),
}
