// Who is compared: the same local work on the same data by the same volunteers, combined in four ways. Only the learning
// rate is each one's own, the best of a small grid.
import type { EvaluationCadence } from '../../../server/simulate/examiner.ts'
import { parseRun } from '../../../server/runs.ts'
import type { RunConfig } from '../../../src/wire/run-config.ts'

export interface Contestant {
  readonly name: string
  readonly title: string
  readonly rates: readonly number[]
  readonly evaluation: EvaluationCadence
  config(learningRate: number, seed: number): RunConfig
}

export const VOLUNTEERS = 20
export const TARGET = 0.93
/** Of the data, and examples in each: a lease is always so many, whoever has it. */
const PARTS = 100, EXAMPLES = 600

const runOf = (name: string, seed: number, rest: object): RunConfig => parseRun({
  name, title: `2NN on MNIST, ${name}`, dataset: { name: 'mnist' }, model: 'mlp-2nn', batchSize: 100, seed, epochs: 1000, ...rest,
}, 'bench async')

const averaging = (name: string, title: string, strategy: object): Contestant => ({
  name, title, rates: [0.05, 0.1, 0.2, 0.4], evaluation: { everyVersions: 1 },
  config: (learningRate, seed) => runOf(name, seed, { strategy: { ...strategy, local: { optimizer: { learningRate } } }, partition: { parts: PARTS } }),
})

export const CONTESTANTS: readonly Contestant[] = [
  averaging('sync-all', 'fed-avg, rounds wait for all 20', { preset: 'fed-avg', schedule: { participants: VOLUNTEERS, quorum: 1 } }),
  averaging('sync-over', 'fed-avg, 20 begin, the first 15 count', { preset: 'fed-avg', schedule: { participants: 15, overSelection: 0.3, quorum: 1 } }),
  averaging('fed-buff', 'fed-buff, a version of every 10', { preset: 'fed-buff' }),
  {
    name: 'async-sgd', title: 'async-sgd, a version of each', rates: [0.3, 0.6, 1.2, 2.4], evaluation: { everyExamples: 10 * EXAMPLES },
    // One gradient of as many examples; a batch as large as the lease keeps leases equal.
    config: (learningRate, seed) => runOf('async-sgd', seed, {
      batchSize: EXAMPLES, strategy: { preset: 'async-sgd', schedule: { examplesPerLease: EXAMPLES, maxStaleness: 4 * VOLUNTEERS }, serverOptimizer: { learningRate } },
    }),
  },
]
