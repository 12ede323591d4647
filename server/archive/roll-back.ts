// Going back to an earlier checkpoint, and the new beginning that it and a restored backup are: another coordinator may have
// gone on from the same point, so leases of both must never have the same name.
import { ConfigError } from '../../src/base/errors.ts'
import type { Rng } from '../../src/base/rng.ts'
import type { CheckpointRecord, LogRecord } from '../coordinator/records.ts'
import { findStart, isWhole, namedCheckpoints } from '../coordinator/start.ts'
import type { Disk, ReadableDisk } from '../store/disk.ts'
import { encodeMark, firstFrames, logFiles, LOGS, logPath, MARK, refuseFormerLog } from '../store/log.ts'
import { Store } from '../store/store.ts'

/** Further than a run that went on elsewhere has been started since. */
const LEAP = 1_000

/** Checkpoints that a run can go back to, oldest first. */
export async function wholeCheckpoints(disk: ReadableDisk): Promise<readonly CheckpointRecord[]> {
  const whole: CheckpointRecord[] = []
  for (const { checkpoint } of await namedCheckpoints(disk)) if (await isWhole(disk, checkpoint)) whole.push(checkpoint)
  return whole
}

/** Cuts the log behind the checkpoint of this version. What was accepted later is gone. Can be done again where it was interrupted. */
export async function rollBack(disk: Disk, version: number, rng: Rng): Promise<CheckpointRecord> {
  const whole = await wholeCheckpoints(disk)
  if (whole.length === 0) await refuseFormerLog(disk)
  const checkpoint = whole.findLast((each) => each.version === version)
  if (checkpoint === undefined) throw new ConfigError(`--to-version: must be a checkpoint that is kept, ${whole.map((each) => each.version).join(', ') || 'of which there is none'}, got ${version}.`)
  const { log } = checkpoint
  const { base, length } = await firstFrames(disk, log, log === 1 ? 2 : 1)
  // First the mark, then from the end: at every moment the log is a whole one, if a shorter one.
  await disk.write(MARK, encodeMark(base + length))
  await disk.sync(MARK)
  for (const later of (await logFiles(disk)).reverse()) {
    if (later <= log) break
    await disk.remove(logPath(later))
    await disk.syncDirectory(LOGS)
  }
  await disk.truncate(logPath(log), length)
  await disk.sync(logPath(log))
  await leap(disk, rng)
  return checkpoint
}

/** Begins an incarnation that no coordinator that shares this past will ever have. */
export async function leap(disk: Disk, rng: Rng): Promise<void> {
  const start = await findStart(disk)
  let incarnation = start?.known?.state.incarnation ?? 0
  let refuse: (error: ConfigError) => void = () => {}
  const refused = new Promise<never>((_, reject) => { refuse = reject })
  const store = await Store.open({
    disk, from: start?.log ?? 1, after: () => () => {}, onFault: (fault) => refuse(new ConfigError(`state folder: must be writable, but ${fault}.`)),
    take(records) {
      for (const record of records as readonly LogRecord[]) if (record.type === 'incarnation') incarnation = Math.max(incarnation, record.incarnation)
    },
  })
  const written = new Promise<void>((resolve) => store.commit({ type: 'incarnation', incarnation: incarnation + LEAP + rng.integer(LEAP) } satisfies LogRecord, undefined, () => resolve()))
  await Promise.race([refused, written])
  await store.settled()
}
