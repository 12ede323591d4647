// Opening a run: begins a new one, or folds the log into the state, replays the updates since the last checkpoint
// through the same arithmetic, and compares every hash. Appends nothing but the new incarnation, so that being killed
// while recovering changes nothing.
import { ConfigError, invariant, present } from '../../src/base/errors.ts'
import { inRounds, type Schedule } from '../../src/fed/strategy.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import type { Numeric, NumericSetup, NumericStart, Snapshot } from '../numeric/numeric.ts'
import { describeDiskError } from '../store/disk.ts'
import type { Store } from '../store/store.ts'
import { sha256 } from '../sha256.ts'
import { orderOf } from './leases.ts'
import type { AcceptedRecord, CheckpointRecord, LogRecord, RunRecord, VersionRecord } from './records.ts'
import { replayRecord } from './replay.ts'
import { initialState, type CoordinatorState, type Settings } from './state.ts'

export interface RecoverOptions {
  readonly settings: Settings
  readonly config: RunConfig
  readonly store: Store
  readonly numeric: Numeric
  readonly setup: NumericSetup
  readonly records: readonly LogRecord[]
  readonly initialParams: () => Float32Array
  readonly now: number
}

export interface Recovered {
  readonly state: CoordinatorState
  readonly records: readonly LogRecord[]
  readonly snapshot: Snapshot
}

export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { settings, store, now } = options
  const isNew = !options.records.some(({ type }) => type === 'checkpoint')
  const records = isNew ? await begin(options) : [...options.records]
  checkRun(records[0], options)
  const snapshot = await remakeModel({ ...options, records })
  const incarnation = await commit(store, { type: 'incarnation', incarnation: incarnationsOf(records) + 1 })
  records.push(incarnation)
  const state = initialState(settings)
  for (const record of records) replayRecord(state, record)
  for (const volunteer of Object.values(state.volunteers)) volunteer.joinedMs = now
  state.lastMs = now
  state.rateMs = now
  state.sinceCheckpoint.ms = now
  invariant(state.version === snapshot.version && state.modelHash === snapshot.hash, `recovery: must arrive at version ${state.version} ${state.modelHash}, got ${snapshot.version} ${snapshot.hash}.`)
  return { state, records, snapshot }
}

export interface RemakeOptions {
  readonly settings: { readonly schedule: Schedule }
  readonly store: Pick<Store, 'readFile' | 'readPayload'>
  readonly numeric: Numeric
  readonly setup: NumericSetup
  readonly records: readonly LogRecord[]
}

/** Opens `numeric` with the last checkpoint and what was accepted since: the model as the log left it. Writes nothing. */
export async function remakeModel(options: RemakeOptions): Promise<Snapshot> {
  const { numeric, setup, store, records } = options
  const checkpoint = present(records.findLast((record) => record.type === 'checkpoint'), 'checkpoint')
  const snapshot = await numeric.open({ ...setup, held: Math.max(setup.held, waitingUpdates(records)) }, await startOf(store, checkpoint))
  invariant(snapshot.hash === checkpoint.modelHash, `checkpoint of version ${checkpoint.version}: must have params ${checkpoint.modelHash}, got ${snapshot.hash}.`)
  return replayUpdates(options, records, snapshot)
}

/** Accepted updates that no version is made of: all of them are taken in before the run goes on. */
const waitingUpdates = (records: readonly LogRecord[]): number =>
  records.reduce((waiting, record) => waiting + (record.type === 'accepted' ? 1 : record.type === 'version' ? -record.leases.length : 0), 0)

/** First the checkpoint of version 0, then the records that name it: killed in between, a run simply begins again. */
async function begin({ settings, config, store, numeric, setup, initialParams, records }: RecoverOptions): Promise<LogRecord[]> {
  await numeric.open(setup, { params: initialParams() })
  const { version, modelHash, file, bytes } = await numeric.checkpoint()
  await store.writeFile(file, bytes).catch((error: unknown) => {
    throw new ConfigError(`state folder: must be writable, but ${describeDiskError(error)}.`)
  })
  const run: RunRecord = { type: 'run', formatVersion: 1, runId: settings.runId, config, trainShards: settings.shards.train, dataHash: settings.dataHash }
  const checkpoint: CheckpointRecord = { type: 'checkpoint', version, modelHash, file, segment: store.segment, bytes: bytes.length }
  const first = records[0] ?? (await commit(store, run))
  return [first, await commit(store, checkpoint)]
}

function checkRun(first: LogRecord | undefined, { settings, config }: RecoverOptions): void {
  if (first?.type !== 'run' || first.formatVersion !== 1) throw new ConfigError('state folder: must begin with a run record of format 1. It was written by another version; begin anew with --fresh.')
  if (first.runId !== settings.runId) throw new ConfigError(`state folder: must hold run "${settings.runId}", got "${first.runId}". Name another state folder, or begin anew with --fresh.`)
  const stored = canonical(first.config), wanted = canonical(config)
  if (stored !== wanted) throw new ConfigError(`run "${settings.runId}": must have the config it was begun with, got another one. Undo the change, or begin anew with --fresh.`)
  if (first.dataHash !== settings.dataHash) throw new ConfigError(`run "${settings.runId}": must have the data it was begun with (${first.trainShards.length} shards, ${first.dataHash.slice(0, 12)}), got ${settings.shards.train.length} shards, ${settings.dataHash.slice(0, 12)}. Give the same data, or begin anew with --fresh.`)
}

async function startOf(store: RemakeOptions['store'], { file, version }: CheckpointRecord): Promise<NumericStart> {
  const bytes = await store.readFile(file)
  if (bytes === undefined || sha256(bytes) !== file) {
    throw new ConfigError(`files/${file}: must hold the checkpoint of version ${version}, got ${bytes === undefined ? 'no file' : 'damage'}. Restore a backup of the state folder, or begin anew with --fresh.`)
  }
  return { checkpoint: bytes }
}

/** Makes every version after the checkpoint again, and takes in what was accepted since the last one. */
async function replayUpdates(options: RemakeOptions, records: readonly LogRecord[], start: Snapshot): Promise<Snapshot> {
  const { numeric, settings } = options
  const synchronous = inRounds(settings.schedule)
  const waiting = new Map<string, AcceptedRecord>()
  let snapshot = start
  for (const record of records) {
    if (record.type === 'accepted') waiting.set(record.leaseId, record)
    if (record.type !== 'version') continue
    const updates = record.leases.map((lease) => present(waiting.get(lease), `accepted update of lease ${lease}`))
    for (const lease of record.leases) waiting.delete(lease)
    if (record.version <= start.version) continue
    for (const update of updates) await takeIn(options, update, true)
    snapshot = await remake(numeric, record, settings.schedule.type === 'asynchronous' ? updates[0]!.weight : 1024)
  }
  for (const update of waiting.values()) await takeIn(options, update, synchronous)
  return snapshot
}

async function remake(numeric: Numeric, record: VersionRecord, scaleUnits: number): Promise<Snapshot> {
  const { hash, version, bytes, totalWeight } = await numeric.apply(record.version, scaleUnits)
  invariant(hash === record.hash && totalWeight === record.totalWeight, `version ${version}: must replay to ${record.hash}, got ${hash}.`)
  return { hash, version, bytes }
}

async function takeIn({ numeric, store }: RemakeOptions, update: AcceptedRecord, add: boolean): Promise<void> {
  const { leaseId, payloadHash, payloadBytes, weight, numExamples, modelVersion } = update
  const payload = await store.readPayload(present(update.place, `place of the payload of lease ${leaseId}`), payloadBytes)
  const verdict = await numeric.check(leaseId, payloadHash, payload)
  if (!verdict.ok) throw new ConfigError(`payload of lease ${leaseId}: must be as it was accepted, got: ${verdict.message} The state folder is damaged; restore a backup of it, or begin anew with --fresh.`)
  if (add) numeric.accumulate(leaseId, { weight, numExamples, modelVersion, order: orderOf(leaseId) })
}

const incarnationsOf = (records: readonly LogRecord[]): number => records.reduce((max, record) => (record.type === 'incarnation' ? Math.max(max, record.incarnation) : max), 0)

const commit = <T extends LogRecord>(store: Store, record: T): Promise<T> => new Promise((resolve) => store.commit(record, undefined, (durable) => resolve(durable as T)))

/** JSON with sorted keys: equal contents, equal text. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part))
