// For tests: the folder of a run that has begun and stopped, with nothing trained.
import { realClock } from '../../src/volunteer/real-clock.ts'
import { openRun } from '../coordinator/open-run.ts'
import { createInlineEvaluator, createInlineNumeric } from '../numeric/inline.ts'
import { parseRun } from '../runs.ts'
import { sha256 } from '../sha256.ts'
import { storedRun } from './stored-run.ts'

export async function beginStoredRun(stateDir: string, name: string): Promise<void> {
  const config = parseRun({
    name, title: 'A run', dataset: { name: 'digits' }, model: 'mnist-mlp', seed: 3,
    strategy: { schedule: { type: 'synchronous', examplesPerRound: 64 }, serverOptimizer: { name: 'adam', learningRate: 0.01 } },
  }, name)
  const shard = { hash: sha256(new Uint8Array(1)), examples: 64, bytes: 64 * 785 }
  const manifest = { name: 'digits', shape: [28, 28, 1], classes: 10, classNames: [], scale: 1, offset: 0, train: { examples: 64, shards: [shard] }, test: { examples: 64, shards: [shard] } }
  const { dir, runId } = storedRun({ stateDir, config, manifest, fresh: false })
  const host = await openRun({ dir, runId, config, dataset: { manifest, file: () => undefined }, clock: realClock, numeric: createInlineNumeric(), evaluator: createInlineEvaluator() })
  await host.close()
}
