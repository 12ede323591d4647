// What the log says: every durable fact of a run, in the order in which it became true. The state of a coordinator is
// a fold of these records (replay.ts), and `verifyLog` proves from them alone that nothing was lost or applied twice.
import type { Metrics, Slice } from '../../src/wire/messages.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'

/** Where an update's payload lies until a checkpoint makes it unnecessary. Filled in by the store. */
export interface PayloadPlace {
  readonly segment: number
  readonly offset: number
}

export interface RunRecord {
  readonly type: 'run'
  readonly formatVersion: 2
  readonly runId: string
  readonly config: RunConfig
  /** Examples of each training shard, so that the log can be checked without the data. */
  readonly trainShards: readonly number[]
  /** SHA-256 of the shards' hashes: a run goes on with the very data it was begun with. */
  readonly dataHash: string
}

/** A start of the coordinator: grants of earlier incarnations are void. */
export interface IncarnationRecord {
  readonly type: 'incarnation'
  readonly incarnation: number
}

export interface VolunteerRecord {
  readonly type: 'volunteer'
  readonly volunteerId: string
  readonly adapter: { readonly runner: string; readonly name: string; readonly software: boolean }
}

/** An update that will be part of exactly one version. Once this is on disk it is acknowledged. */
export interface AcceptedRecord {
  readonly type: 'accepted'
  readonly leaseId: string
  readonly grant: number
  readonly incarnation: number
  readonly volunteerId: string
  readonly epoch: number
  readonly slices: readonly Slice[]
  readonly numExamples: number
  /** The version that the gradient was computed at. */
  readonly modelVersion: number
  /** Versions between that one and the one it becomes part of, less one. */
  readonly staleness: number
  /** In the sum: examples when synchronous; when asynchronous the factor on the learning rate in units of 2^-10. */
  readonly weight: number
  readonly payloadHash: string
  readonly payloadBytes: number
  readonly clampedElements: number
  readonly metrics: Metrics
  readonly place?: PayloadPlace
}

export interface VersionRecord {
  readonly type: 'version'
  readonly version: number
  /** SHA-256 of the packed params. */
  readonly hash: string
  readonly leases: readonly string[]
  readonly totalWeight: number
  /** Accepted training examples in this and all earlier versions. */
  readonly examples: number
  /** Training time, see RunStatus. */
  readonly seconds: number
}

export interface EvaluationRecord {
  readonly type: 'evaluation'
  readonly modelVersion: number
  readonly hash: string
  /** Accepted training examples when that version was made. */
  readonly atExamples: number
  readonly loss: number
  readonly accuracy: number
  readonly examples: number
  readonly seconds: number
}

export interface ControlRecord {
  readonly type: 'control'
  readonly action: 'pause' | 'resume' | 'stop'
  readonly reason: string
}

/** Volunteers that have been gone for long are no longer known one by one. */
export interface ForgottenRecord {
  readonly type: 'forgotten'
  readonly volunteerIds: readonly string[]
}

/**
 * From here on the run can go on without what came before: params and optimizer of a version are in one file, what the
 * coordinator knew at this point of the log in another. Every one but the first, of version 0, begins a file of the log.
 */
export interface CheckpointRecord {
  readonly type: 'checkpoint'
  readonly version: number
  /** SHA-256 of the params. */
  readonly modelHash: string
  /** SHA-256 of the file of params and optimizer, which is its name. */
  readonly file: string
  readonly bytes: number
  /** The file of the log that it stands in. */
  readonly log: number
  /** Payloads accepted from here on lie in this segment or in later ones. */
  readonly segment: number
  /** Segments of updates accepted before this point that are not in the params yet. */
  readonly replaySegments: readonly number[]
  /** SHA-256 of the file of what the coordinator knew. Absent at version 0, when that is nothing. */
  readonly state?: string
  /** Where the log had come to: versions, and accepted examples and updates. */
  readonly at: { readonly version: number; readonly examples: number; readonly accepted: number }
}

/** Hashes of its content-addressed files. */
export const filesOf = ({ file, state }: CheckpointRecord): readonly string[] => (state === undefined ? [file] : [file, state])

export interface FinishedRecord {
  readonly type: 'finished'
  readonly seconds: number
}

export type LogRecord =
  | RunRecord | IncarnationRecord | VolunteerRecord | AcceptedRecord | VersionRecord
  | EvaluationRecord | ControlRecord | ForgottenRecord | CheckpointRecord | FinishedRecord
