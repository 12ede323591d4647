// A run as one archive, taken while it goes on: files of the log and of checkpoints never change once they are there, the
// newest file of the log and payload segments only grow, so a prefix of the log with what it names is a run.
import { ConfigError } from '../../src/base/errors.ts'
import { filesOf, type AcceptedRecord, type LogRecord } from '../coordinator/records.ts'
import { findStart } from '../coordinator/start.ts'
import type { ReadableDisk } from '../store/disk.ts'
import { FILES, isThere, segmentPath } from '../store/files.ts'
import { encodeMark, logFiles, logPath, MARK, readLog } from '../store/log.ts'
import type { TarEntry } from './tar.ts'

const PIECE_BYTES = 4 * 2 ** 20
/** A run that removes old files meanwhile makes a copy begin again. */
const ATTEMPTS = 10

export interface RunBackup {
  readonly runId: string
  /** Version of the checkpoint in it, and accepted updates after that. */
  readonly version: number
  readonly updates: number
  readonly entries: () => AsyncGenerator<TarEntry>
}

/** `open` gives the run's disk, in which files that were read once stay readable. Throws ConfigError where there is no run to back up. */
export async function backUpRun(disk: ReadableDisk): Promise<RunBackup> {
  for (let attempt = 1; ; attempt++) {
    const backup = await gather(disk)
    if (backup !== undefined) return backup
    if (attempt === ATTEMPTS) throw new ConfigError('backup: must find the files that the log names, got none that stay. Is the folder being deleted?')
  }
}

/** Undefined where a file was removed before it could be held. */
async function gather(disk: ReadableDisk): Promise<RunBackup | undefined> {
  const start = await findStart(disk)
  if (start === undefined) throw new ConfigError('state folder: must hold a run that has begun, got none. Start it once.')
  const { checkpoint, known, run } = start
  const segments = new Map<number, number>()
  let updates = 0
  const add = ({ place, payloadBytes }: AcceptedRecord): void => {
    if (place === undefined) return
    updates++
    segments.set(place.segment, Math.max(segments.get(place.segment) ?? 0, place.offset + payloadBytes))
  }
  for (const record of known?.replay ?? []) if (record.type === 'accepted') add(record)
  const { file, base, end } = await readLog(disk, start.log, (records) => {
    for (const record of records as readonly LogRecord[]) if (record.type === 'accepted') add(record)
  })
  const logs = (await logFiles(disk)).filter((log) => log <= file)
  const files = filesOf(checkpoint)
  // Held from here on.
  for (const path of [...logs.map(logPath), ...files.map((hash) => `${FILES}/${hash}`), ...[...segments.keys()].map(segmentPath)]) {
    if (!(await isThere(disk, path))) return undefined
  }
  async function* entries(): AsyncGenerator<TarEntry> {
    for (const log of logs) yield whole(logPath(log), (await disk.read(logPath(log), 0, log === file ? end.bytes - base : undefined))!)
    yield whole(MARK, encodeMark(end.bytes))
    for (const hash of files) yield whole(`${FILES}/${hash}`, (await disk.read(`${FILES}/${hash}`))!)
    for (const [segment, bytes] of segments) yield { name: segmentPath(segment), bytes, pieces: () => pieces(disk, segmentPath(segment), bytes) }
  }
  return { runId: run.runId, version: checkpoint.version, updates, entries }
}

const whole = (name: string, bytes: Uint8Array): TarEntry => ({ name, bytes: bytes.length, pieces: async function* () { if (bytes.length > 0) yield bytes } })

async function* pieces(disk: ReadableDisk, path: string, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += PIECE_BYTES) yield (await disk.read(path, at, Math.min(PIECE_BYTES, bytes - at)))!
}
