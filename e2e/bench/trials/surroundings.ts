// What benchmarks of simulated runs share: options on the command line, and MNIST as each run divides it.
import { join } from 'node:path'
import { loadDataset } from '../../../server/datasets.ts'
import type { ByteDataset } from '../../../src/data/dataset.ts'
import { shardParts, type ShardedDataset } from '../../../src/data/shards.ts'
import { present } from '../../../src/base/errors.ts'
import type { RunConfig } from '../../../src/wire/run-config.ts'
import { interruption } from './interruption.ts'
import { createTrialStore } from './store.ts'
import type { TrialSurroundings } from './trial.ts'

export const TRIAL_OPTIONS = {
  'data-dir': { type: 'string' }, state: { type: 'string' }, 'max-minutes': { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', default: false },
} as const

export const TRIAL_USAGE = `  --data-dir DIR     the folder of MNIST (or DATA_DIR)
  --state DIR        where finished runs are kept, so that the same command goes on after a stop (.commonweight/bench/<name>)
  --max-minutes N    stop then, to go on another time
  --json FILE        write the results`

interface TrialValues {
  readonly 'data-dir'?: string | undefined
  readonly state?: string | undefined
  readonly 'max-minutes'?: string | undefined
}

export function trialSurroundings(bench: string, values: TrialValues): TrialSurroundings {
  return {
    store: createTrialStore(values.state ?? join('.commonweight/bench', bench)),
    dataset: createDivider((choice) => loadDataset(choice, values['data-dir'] ?? process.env['DATA_DIR'], 1)),
    shouldStop: interruption(values['max-minutes']),
    log: (line) => console.log(`  ${line}`),
  }
}

/** Divides a data set as runs ask for it; the last division is kept, as most runs in a row ask for the same. */
export function createDivider(load: (choice: RunConfig['dataset']) => Promise<ByteDataset>): (config: RunConfig) => Promise<ShardedDataset> {
  let loaded: Promise<ByteDataset> | undefined
  let last: { readonly key: string; readonly divided: Promise<ShardedDataset> } | undefined
  return ({ dataset, partition, seed }) => {
    const key = JSON.stringify([dataset, partition, seed])
    if (last?.key !== key) {
      loaded ??= load(dataset)
      last = { key, divided: loaded.then((bytes) => shardParts(bytes, present(partition, 'partition'), seed)) }
    }
    return last.divided
  }
}
