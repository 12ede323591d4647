// Every way of dividing a training split among volunteers. Tests iterate this list.
import { ConfigError } from '../../base/errors.ts'
import { parseOptions } from '../../base/parse-options.ts'
import { createRegistry } from '../../base/registry.ts'
import { createRng } from '../../base/rng.ts'
import { bySize } from './by-size.ts'
import { bySpeed } from './by-speed.ts'
import { dirichlet } from './dirichlet.ts'
import { iid } from './iid.ts'
import { labelOrder } from './label-order.ts'
import { labelShards } from './label-shards.ts'
import { describeParts, type Partition, type PartitionChoice, type Partitioner, type PartitionInput } from './partition.ts'

export const partitioners = createRegistry<Partitioner>('partition', [iid, labelShards, labelOrder, dirichlet, bySize, bySpeed] as Partitioner[])

/** Divides a split as a run file says, the same way for the same seed. Throws ConfigError where that cannot be done. */
export function dividePartition(choice: PartitionChoice, input: Omit<PartitionInput, 'rng'> & { readonly seed: number }): Partition {
  const { name, ...options } = typeof choice === 'string' ? { name: choice } : choice
  const partitioner = partitioners.get(name)
  if (input.parts > input.labels.length) throw new ConfigError(`partition ${name}: must have an example for each of ${input.parts} volunteers, got ${input.labels.length} examples. Lower the number of volunteers.`)
  const parsed = parseOptions(partitioner.schema, options, `partition ${name}`)
  const withRng = { ...input, rng: createRng(`partition/${name}/${input.seed}`) }
  return describeParts(partitioner.divide(withRng, parsed).map((part) => part.sort()), withRng)
}
