// Fair samples of different sizes: given ones, or sizes that fall by a power law, as amounts of data do among people.
import * as v from 'valibot'
import { permutation } from '../../base/rng.ts'
import { apportion, cut, requireWeights, type PartitionInput, type Partitioner } from './partition.ts'

const schema = v.strictObject({
  /** Examples of each volunteer; scaled where they do not sum to all there are. */
  sizes: v.optional(v.array(v.number())),
  /** Without `sizes`: the k-th largest has k^-exponent times the largest's. */
  exponent: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 1),
})

type Options = v.InferOutput<typeof schema>

export const bySize: Partitioner<Options> = {
  name: 'by-size',
  schema,
  divide: (input, options) => cut(permutation(input.rng, input.labels.length), apportion(input.labels.length, weightsOf(input, options))),
}

function weightsOf({ parts, rng }: PartitionInput, { sizes, exponent }: Options): readonly number[] {
  if (sizes !== undefined) return requireWeights(sizes, parts, 'partition by-size.sizes')
  // Who is the largest is drawn.
  return Array.from(permutation(rng, parts), (rank) => (rank + 1) ** -exponent)
}
