// Proves that the files of a run's folder are what its log says: every checkpoint by its hash, and every payload since the
// oldest one by making all versions of them again.
import { layoutOf } from '../src/model/initial-params.ts'
import type { ModelSpec } from '../src/model/spec.ts'
import { zoo } from '../src/model/zoo/index.ts'
import { filesOf, type LogRecord } from './coordinator/records.ts'
import { remedy } from './coordinator/recover.ts'
import { isWhole, loadStart, namedCheckpoints, type Start } from './coordinator/start.ts'
import { createInlineNumeric } from './numeric/inline.ts'
import type { Disk } from './store/disk.ts'
import { FILES, isThere, payloadSegments } from './store/files.ts'
import { DamageError, firstOfUnbroken, logFiles, readLog } from './store/log.ts'
import { replayFrom } from './stored-model.ts'

export interface ModelReport {
  /** Versions whose checkpoints are whole, oldest first. */
  readonly whole: readonly number[]
  /** Versions whose checkpoints are not what was written, lack what they need, or are gone though they are the newest. */
  readonly damaged: readonly number[]
  /** The version that all later ones were made again from, and the last of them. Of older checkpoints, kept as places to go back to, only the hashes are known. */
  readonly from: number
  readonly version: number
  /** Payloads that were read. */
  readonly updates: number
}

/**
 * `model` is the run's where it is none of the zoo. A checkpoint both of whose files are gone is one that is not kept. Throws
 * DamageError where no checkpoint is whole or a payload is not what was accepted, InvariantError where a version comes out
 * with other params than the log says.
 */
export async function verifyModel(disk: Disk, onProgress: (version: number) => void = () => {}, model?: ModelSpec): Promise<ModelReport> {
  const whole: number[] = [], damaged: number[] = []
  let start: Omit<Start, 'damaged'> | undefined
  const named = await namedCheckpoints(disk)
  if (named.length === 0) return { whole, damaged, from: 0, version: 0, updates: 0 }
  const firstLog = await firstReplayed(disk)
  for (const each of named) {
    const { checkpoint } = each
    if (await isWhole(disk, checkpoint)) {
      whole.push(checkpoint.version)
      // The newest one needs all that comes after it, whatever is there.
      if (start === undefined && checkpoint.log >= firstLog) start = await loadStart(disk, each)
    } else if (each === named.at(-1) || await anyIsThere(disk, filesOf(checkpoint).map((hash) => `${FILES}/${hash}`))) damaged.push(checkpoint.version)
  }
  if (start === undefined) throw new DamageError(`files: must hold a whole checkpoint with all that was accepted since, got damage or no file for ${damaged.map((version) => `version ${version}`).join(', ')}. ${remedy(undefined)}`)
  let updates = start.known?.replay.filter(({ type }) => type === 'accepted').length ?? 0
  const numeric = createInlineNumeric()
  const { version } = await replayFrom(disk, start, {
    numeric, layout: layoutOf(model ?? zoo.get(start.run.config.model).spec),
    onRecords(records) {
      for (const record of records) {
        if (record.type === 'accepted') updates++
        if (record.type === 'version') onProgress(record.version)
      }
    },
  }).finally(() => numeric.close())
  return { whole, damaged, from: start.checkpoint.version, version, updates }
}

/** The log file from which on every payload that is named is there: before it, those of what is not kept were removed. The newest checkpoint's at most. */
async function firstReplayed(disk: Disk): Promise<number> {
  const segments = new Set(await payloadSegments(disk))
  let first = firstOfUnbroken(await logFiles(disk)), current = first
  await readLog(disk, first, (records) => {
    for (const record of records as readonly LogRecord[]) {
      if (record.type === 'checkpoint') current = record.log
      if (record.type === 'accepted' && record.place !== undefined && !segments.has(record.place.segment)) first = current + 1
    }
  })
  return Math.min(first, current)
}

async function anyIsThere(disk: Disk, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await isThere(disk, path)) return true
  return false
}
