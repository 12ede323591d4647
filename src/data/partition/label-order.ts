// Examples sorted by label and given out in order, so that neighbours know one or two classes (as in Karimireddy, He and
// Jaggi 2022, arXiv 2006.09365). The last `fair` volunteers get a fair sample of everything instead: there, the attackers'.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { permutation } from '../../base/rng.ts'
import { cut, equalSizes, type Partitioner } from './partition.ts'

const schema = v.strictObject({ fair: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0) })

export const labelOrder: Partitioner<v.InferOutput<typeof schema>> = {
  name: 'label-order',
  schema,
  divide({ labels, parts, rng }, { fair }) {
    if (fair > parts) throw new ConfigError(`partition label-order.fair: must be at most the ${parts} volunteers, got ${fair}. Lower it.`)
    const sizes = equalSizes(labels.length, parts)
    const inOrder = sizes.slice(0, parts - fair)
    const sorted = inOrder.reduce((a, b) => a + b, 0)
    // Shuffled before it is sorted, so that which examples of a class go together is drawn.
    const drawn = permutation(rng, labels.length)
    const byLabel = drawn.slice(0, sorted).sort((a, b) => labels[a]! - labels[b]!)
    return [...cut(byLabel, inOrder), ...cut(drawn.slice(sorted), sizes.slice(parts - fair))]
  },
}
