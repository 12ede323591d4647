// FedAvg's pathological split (McMahan et al. 2017, arXiv 1602.05629): examples sorted by label are cut into shards, and
// each volunteer gets a few of them, so that most know two classes only. Of MNIST for 100 volunteers: 200 shards of 300.
import * as v from 'valibot'
import { ConfigError } from '../../base/errors.ts'
import { permutation } from '../../base/rng.ts'
import { cut, equalSizes, type Partitioner } from './partition.ts'

const schema = v.strictObject({ shardsPerVolunteer: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 2) })

export const labelShards: Partitioner<v.InferOutput<typeof schema>> = {
  name: 'label-shards',
  schema,
  divide({ labels, parts, rng }, { shardsPerVolunteer }) {
    const shards = parts * shardsPerVolunteer
    if (shards > labels.length) {
      throw new ConfigError(`partition label-shards: must have an example for each of ${parts} x ${shardsPerVolunteer} shards, got ${labels.length} examples. Lower shardsPerVolunteer or the number of volunteers.`)
    }
    // Shuffled before it is sorted, so that which examples of a class go together is drawn.
    const byLabel = permutation(rng, labels.length).sort((a, b) => labels[a]! - labels[b]!)
    const pieces = cut(byLabel, equalSizes(labels.length, shards))
    const deal = permutation(rng, shards)
    return Array.from({ length: parts }, (_, part) => {
      const own = Array.from(deal.subarray(part * shardsPerVolunteer, (part + 1) * shardsPerVolunteer), (shard) => [...pieces[shard]!])
      return Uint32Array.from(own.flat())
    })
  },
}
