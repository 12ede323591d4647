// Opening a run: begins a new one, or folds the log since the last checkpoint into what that knew, makes the updates since
// then again through the same arithmetic, and compares every hash. Appends nothing but the new incarnation, so that being
// killed while recovering changes nothing.
import { ConfigError, invariant, present } from '../../src/base/errors.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Numeric, NumericSetup, Snapshot } from '../numeric/numeric.ts'
import { describeDiskError, type Disk } from '../store/disk.ts'
import { DamageError } from '../store/log.ts'
import { Store, type StoreOptions } from '../store/store.ts'
import { ModelReplay } from './model-replay.ts'
import type { CheckpointRecord, LogRecord, RunRecord } from './records.ts'
import { RunFold } from './run-fold.ts'
import { findStart, type Start } from './start.ts'
import type { Settings } from './state.ts'

export interface RecoverOptions extends Pick<StoreOptions, 'after' | 'onFault'> {
  readonly settings: Settings
  readonly config: RunConfig
  readonly disk: Disk
  readonly numeric: Numeric
  readonly setup: NumericSetup
  readonly initialParams: () => Float32Array
  readonly now: number
  /** What a person should know, though the run goes on. */
  readonly warn: (text: string) => void
}

/** A run as its folder holds it. */
export interface ReadRun {
  readonly store: Store
  readonly fold: RunFold
  /** Undefined where the run has not begun. */
  readonly snapshot: Snapshot | undefined
}

export interface Recovered {
  readonly fold: RunFold
  readonly run: RunRecord
  readonly snapshot: Snapshot
}

/** Reads what there is. Writes nothing but to cut a torn tail off. */
export async function readRun(options: RecoverOptions): Promise<ReadRun> {
  const { settings, disk, numeric, setup, after, onFault, warn } = options
  let start: Start | undefined
  try {
    start = await findStart(disk)
    if (start !== undefined) checkRun(start.run, options)
    for (const { version } of start?.damaged ?? []) warn(`The checkpoint of version ${version} is damaged. Going on from version ${start!.checkpoint.version} and what was accepted since; nothing is lost. Look after this disk.`)
    const fold = new RunFold(settings, start)
    const replay = start === undefined ? undefined : await ModelReplay.open({ disk, numeric, setup, schedule: settings.schedule }, start)
    const take = async (records: readonly object[]): Promise<void> => {
      fold.take(records as readonly LogRecord[])
      await replay?.take(records as readonly LogRecord[])
    }
    const store = await Store.open({ disk, after, onFault, from: start?.log ?? 1, take })
    return { store, fold, snapshot: await replay?.finish() }
  } catch (error) {
    if (error instanceof DamageError) throw new ConfigError(`${error.message} ${remedy(start)}`, { cause: error })
    throw error
  }
}

/** What to do about damage that this program cannot make good. */
export function remedy(start: Pick<Start, 'checkpoint'> | undefined): string {
  if (start === undefined) return 'No checkpoint is whole: restore a backup (commonweight restore FILE), or begin anew with --fresh.'
  const { version } = start.checkpoint
  return `The last good checkpoint is version ${version}: go back to it (commonweight rollback --to-version ${version}), restore a backup (commonweight restore FILE), or begin anew with --fresh.`
}

/** Makes a run out of what was read: begun if it is new, in a new incarnation. */
export async function recover(options: RecoverOptions, { store, fold, snapshot: read }: ReadRun): Promise<Recovered> {
  const { now } = options
  const { state } = fold
  const snapshot = read ?? await begin(options, store, fold)
  fold.add(await commit(store, { type: 'incarnation', incarnation: state.incarnation + 1 }))
  for (const volunteer of Object.values(state.volunteers)) volunteer.joinedMs = now
  state.lastMs = now
  state.rateMs = now
  state.sinceCheckpoint.ms = now
  invariant(state.version === snapshot.version && state.modelHash === snapshot.hash, `recovery: must arrive at version ${state.version} ${state.modelHash}, got ${snapshot.version} ${snapshot.hash}.`)
  return { fold, run: present(fold.run, 'run record'), snapshot }
}

/** First the checkpoint of version 0, then the records that name it: killed in between, a run simply begins again. */
async function begin(options: RecoverOptions, store: Store, fold: RunFold): Promise<Snapshot> {
  const { settings, config, numeric, setup, initialParams } = options
  if (fold.run !== undefined) checkRun(fold.run, options)
  const snapshot = await numeric.open(setup, { params: initialParams() })
  const { version, modelHash, file, bytes } = await numeric.checkpoint()
  await store.writeFile(file, bytes).catch((error: unknown) => {
    throw new ConfigError(`state folder: must be writable, but ${describeDiskError(error)}.`)
  })
  const run: RunRecord = { type: 'run', formatVersion: 2, runId: settings.runId, config, trainShards: settings.shards.train, dataHash: settings.dataHash }
  const checkpoint: CheckpointRecord = {
    type: 'checkpoint', version, modelHash, file, bytes: bytes.length, log: 1, segment: store.segment, replaySegments: [], at: { version: 0, examples: 0, accepted: 0 },
  }
  if (fold.run === undefined) fold.add(await commit(store, run))
  fold.add(await commit(store, checkpoint))
  return snapshot
}

function checkRun(run: RunRecord, { settings, config }: RecoverOptions): void {
  if (run.formatVersion !== 2) throw new ConfigError('state folder: must hold a log of format 2. It was written by another version; begin anew with --fresh.')
  if (run.runId !== settings.runId) throw new ConfigError(`state folder: must hold run "${settings.runId}", got "${run.runId}". Name another state folder, or begin anew with --fresh.`)
  const stored = canonical(run.config), wanted = canonical(config)
  if (stored !== wanted) throw new ConfigError(`run "${settings.runId}": must have the config it was begun with, got another one. Undo the change, or begin anew with --fresh.`)
  if (run.dataHash !== settings.dataHash) throw new ConfigError(`run "${settings.runId}": must have the data it was begun with (${run.trainShards.length} shards, ${run.dataHash.slice(0, 12)}), got ${settings.shards.train.length} shards, ${settings.dataHash.slice(0, 12)}. Give the same data, or begin anew with --fresh.`)
}

const commit = <T extends LogRecord>(store: Store, record: T): Promise<T> => new Promise((resolve) => store.commit(record, undefined, (durable) => resolve(durable as T)))

/** JSON with sorted keys: equal contents, equal text. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part))
