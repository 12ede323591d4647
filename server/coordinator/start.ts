// Where a run that is opened again goes on from: its newest checkpoint that is whole.
import { isThere, readContent, segmentPath } from '../store/files.ts'
import { DamageError, firstRecords, logFiles, refuseFormerLog } from '../store/log.ts'
import type { ReadableDisk } from '../store/disk.ts'
import { filesOf, type CheckpointRecord, type LogRecord, type RunRecord } from './records.ts'
import { decodeStateFile, type StateFile } from './state-file.ts'

export interface Start {
  /** The file of the log to read from. */
  readonly log: number
  readonly run: RunRecord
  readonly checkpoint: CheckpointRecord
  /** Params and optimizer. */
  readonly model: Uint8Array
  /** Undefined at the beginning of the log. */
  readonly known: StateFile | undefined
  /** Newer checkpoints whose files are damaged or gone, newest first. */
  readonly damaged: readonly CheckpointRecord[]
}

/** A checkpoint that the log begins one of its files with. */
export interface NamedCheckpoint {
  /** What that file begins with. */
  readonly records: readonly LogRecord[]
  readonly checkpoint: CheckpointRecord
}

/** All that the kept log names, oldest first, whether their files are still there or not. */
export async function namedCheckpoints(disk: ReadableDisk): Promise<readonly NamedCheckpoint[]> {
  const named: NamedCheckpoint[] = []
  for (const log of await logFiles(disk)) named.push(...await namedIn(disk, log))
  return named
}

async function namedIn(disk: ReadableDisk, log: number): Promise<readonly NamedCheckpoint[]> {
  const records = (await firstRecords(disk, log, log === 1 ? 2 : 1)) as readonly LogRecord[]
  const checkpoint = records.find((record) => record.type === 'checkpoint')
  return checkpoint === undefined ? [] : [{ records, checkpoint }]
}

/** Undefined where the run has not got as far as its first checkpoint. Throws DamageError where none is whole, ConfigError where it was begun by an earlier version. */
export async function findStart(disk: ReadableDisk): Promise<Start | undefined> {
  const damaged: CheckpointRecord[] = []
  // No more than is needed, however many there are.
  for (const log of (await logFiles(disk)).reverse()) {
    for (const named of await namedIn(disk, log)) {
      const start = await loadStart(disk, named)
      if (start !== undefined) return { ...start, damaged }
      damaged.push(named.checkpoint)
    }
  }
  if (damaged.length > 0) throw new DamageError(`files: must hold a whole checkpoint, got damage or no file for ${damaged.map(({ version }) => `version ${version}`).join(', ')}.`)
  await refuseFormerLog(disk)
  return undefined
}

/** Whether it can be gone back to. */
export async function isWhole(disk: ReadableDisk, checkpoint: CheckpointRecord): Promise<boolean> {
  for (const hash of filesOf(checkpoint)) if ((await readContent(disk, hash)) === undefined) return false
  for (const segment of checkpoint.replaySegments) if (!(await isThere(disk, segmentPath(segment)))) return false
  return true
}

/** Undefined where its files are damaged or gone. */
export async function loadStart(disk: ReadableDisk, { records: [first], checkpoint }: NamedCheckpoint): Promise<Omit<Start, 'damaged'> | undefined> {
  const model = await readContent(disk, checkpoint.file)
  const state = checkpoint.state === undefined ? undefined : await readContent(disk, checkpoint.state)
  if (model === undefined || (checkpoint.state !== undefined && state === undefined)) return undefined
  const known = state === undefined ? undefined : decodeStateFile(state)
  const run = known?.run ?? (first?.type === 'run' ? first : undefined)
  return run === undefined ? undefined : { log: checkpoint.log, run, checkpoint, model, known }
}
