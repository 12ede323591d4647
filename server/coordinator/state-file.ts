// The other half of a checkpoint, beside params and optimizer: what the coordinator knew when the log reached it, so that
// nothing before has to be read again. JSON.
import { ConfigError } from '../../src/base/errors.ts'
import type { CurveState } from './curve.ts'
import type { DurableState } from './durable-state.ts'
import type { CheckpointRecord, RunRecord } from './records.ts'
import type { ReplayRecord } from './replay-ledger.ts'

export interface StateFile {
  readonly format: 1
  readonly run: RunRecord
  readonly state: DurableState
  readonly curve: CurveState
  /** Updates and versions that the log holds and the params do not. */
  readonly replay: readonly ReplayRecord[]
  /** Earlier checkpoints that are kept, oldest first. */
  readonly checkpoints: readonly CheckpointRecord[]
}

export const encodeStateFile = (file: StateFile): Uint8Array => Buffer.from(JSON.stringify(file))

export function decodeStateFile(bytes: Uint8Array): StateFile {
  const file = JSON.parse(new TextDecoder().decode(bytes)) as StateFile
  if (file.format !== 1) throw new ConfigError(`state folder: must hold checkpoints of format 1, got ${String(file.format)}. It was written by another version; begin anew with --fresh.`)
  return file
}
