// From a run's configuration to a living run: its data loaded and cut into shards, its state folder checked, its threads
// started.
import { join } from 'node:path'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { realClock } from '../../src/volunteer/real-clock.ts'
import { openRun } from '../coordinator/open-run.ts'
import type { Retention } from '../coordinator/retention.ts'
import { loadShards } from '../datasets.ts'
import { createEvaluatorThread, createNumericThreads } from '../numeric/threads.ts'
import type { RunHost } from '../run-host.ts'
import { ofRun, storedRun } from './stored-run.ts'

/** Built beside this program. */
const NUMERIC_WORKER = join(import.meta.dirname, 'numeric-worker.js')

export interface OpenStoredRunOptions {
  readonly config: RunConfig
  readonly dataDir: string | undefined
  readonly stateDir: string
  readonly fresh: boolean
  readonly retention: Retention
  readonly say: (text: string) => void
}

/** Throws ConfigError where the data is not there, or the state folder holds another run of this name. */
export async function openStoredRun({ config, dataDir, stateDir, fresh, retention, say }: OpenStoredRunOptions): Promise<{ readonly host: RunHost; readonly resumed: boolean }> {
  const dataset = await loadShards(config, dataDir)
  const { runId, dir, resumed } = storedRun({ stateDir, config, manifest: dataset.manifest, fresh })
  const numeric = createNumericThreads(NUMERIC_WORKER)
  const evaluator = createEvaluatorThread(NUMERIC_WORKER)
  try {
    const warn = (text: string): void => say(`\n${config.name}: ${text}`)
    return { host: await ofRun(stateDir, config.name, () => openRun({ dir, runId, config, dataset, clock: realClock, numeric, evaluator, retention, warn })), resumed }
  } catch (error) {
    await Promise.all([numeric.close(), evaluator.close()])
    throw error
  }
}
