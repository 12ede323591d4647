// Proves that the files of a run's folder are what its log says: every checkpoint by its hash, and every payload since the
// oldest one by making all versions of them again.
import { layoutOf } from '../src/model/initial-params.ts'
import type { ModelSpec } from '../src/model/spec.ts'
import { zoo } from '../src/model/zoo/index.ts'
import type { CheckpointRecord } from './coordinator/records.ts'
import { remedy } from './coordinator/recover.ts'
import { loadStart, namedCheckpoints, type Start } from './coordinator/start.ts'
import { createInlineNumeric } from './numeric/inline.ts'
import type { Disk } from './store/disk.ts'
import { FILES, segmentPath } from './store/files.ts'
import { DamageError } from './store/log.ts'
import { replayFrom } from './stored-model.ts'

export interface ModelReport {
  /** Versions whose checkpoints are whole, oldest first. */
  readonly whole: readonly number[]
  /** Versions whose checkpoints are not what was written, or gone though they are the newest. */
  readonly damaged: readonly number[]
  /** The version that all later ones were made again from, and the last of them. */
  readonly from: number
  readonly version: number
  /** Payloads that were read. */
  readonly updates: number
}

/**
 * `model` is the run's where it is none of the zoo. Throws DamageError where no checkpoint is whole or a payload is not what
 * was accepted, InvariantError where a version comes out with other params than the log says.
 */
export async function verifyModel(disk: Disk, onProgress: (version: number) => void = () => {}, model?: ModelSpec): Promise<ModelReport> {
  const whole: number[] = [], damaged: number[] = []
  let oldest: Omit<Start, 'damaged'> | undefined
  const named = await namedCheckpoints(disk)
  if (named.length === 0) return { whole, damaged, from: 0, version: 0, updates: 0 }
  for (const each of named) {
    const { checkpoint } = each
    const start = await loadStart(disk, each)
    if (start !== undefined) {
      whole.push(checkpoint.version)
      if (oldest === undefined && await areThere(disk, checkpoint.replaySegments.map(segmentPath))) oldest = start
    // Of those that are kept no longer the files are removed.
    } else if (each === named.at(-1) || await areThere(disk, filesOf(checkpoint))) damaged.push(checkpoint.version)
  }
  if (oldest === undefined) throw new DamageError(`files: must hold a whole checkpoint, got damage or no file for ${damaged.map((version) => `version ${version}`).join(', ')}. ${remedy(undefined)}`)
  let updates = oldest.known?.replay.filter(({ type }) => type === 'accepted').length ?? 0
  const numeric = createInlineNumeric()
  const { version } = await replayFrom(disk, oldest, {
    numeric, layout: layoutOf(model ?? zoo.get(oldest.run.config.model).spec),
    onRecords(records) {
      for (const record of records) {
        if (record.type === 'accepted') updates++
        if (record.type === 'version') onProgress(record.version)
      }
    },
  }).finally(() => numeric.close())
  return { whole, damaged, from: oldest.checkpoint.version, version, updates }
}

const filesOf = ({ file, state }: CheckpointRecord): readonly string[] => (state === undefined ? [file] : [file, state]).map((hash) => `${FILES}/${hash}`)

async function areThere(disk: Disk, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if ((await disk.read(path, 0, 1)) === undefined) return false
  return true
}
