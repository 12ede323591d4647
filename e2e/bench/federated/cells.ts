// Cells of FedAvg's table for the 2NN on MNIST (McMahan et al. 2017, arXiv 1602.05629): 10 of 100 clients with 600 examples
// each take part in a round and train for one epoch; what is counted is rounds until 97% of the test images are right.
import { parseRun } from '../../../server/runs.ts'
import type { RunConfig } from '../../../src/wire/run-config.ts'

export const CLIENTS = 100

export interface Cell {
  readonly name: string
  readonly title: string
  /** Rounds to `target`. */
  readonly published: number
  readonly target: number
  /** Local batch. */
  readonly batchSize: number | 'all'
  readonly by: 'iid' | 'label-shards'
  /** Of the grid: near the best rate of a first look. */
  readonly centre: number
  /** Rounds between evaluations: few, where accuracy leaps from round to round. */
  readonly evaluateEvery: number
}

export const CELLS: readonly Cell[] = [
  { name: 'iid-10', title: 'B=10, IID', published: 87, target: 0.97, batchSize: 10, by: 'iid', centre: 0.215, evaluateEvery: 1 },
  { name: 'shards-10', title: 'B=10, non-IID', published: 664, target: 0.97, batchSize: 10, by: 'label-shards', centre: 0.1, evaluateEvery: 1 },
  { name: 'iid-all', title: 'B=inf, IID', published: 1474, target: 0.97, batchSize: 'all', by: 'iid', centre: 0.464, evaluateEvery: 5 },
  { name: 'shards-all', title: 'B=inf, non-IID', published: 1796, target: 0.97, batchSize: 'all', by: 'label-shards', centre: 0.464, evaluateEvery: 5 },
]

/** A client takes all of its 600 examples in one go where B is infinite; else `local.batchSize` counts. */
export const runOf = ({ name, batchSize, by }: Pick<Cell, 'name' | 'batchSize' | 'by'>, learningRate: number, seed = 1): RunConfig => parseRun({
  name, title: `FedAvg's 2NN, ${name}`, dataset: { name: 'mnist' }, model: 'mlp-2nn', batchSize: 600, seed, epochs: 1_000,
  strategy: { preset: 'fed-avg', schedule: { participants: CLIENTS / 10, quorum: 1 }, local: { batchSize, optimizer: { learningRate } } },
  partition: { parts: CLIENTS, by },
}, name)
