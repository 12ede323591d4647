// What a coordinator knows: ids, versions, hashes, weights and times, never tensors. Plain records, changed only by
// `step`, so that a state can be compared, printed and simulated.
import type { Metrics, RefusalCode, Slice, UpdateTensor } from '../../src/wire/messages.ts'
import type { Local, Schedule } from '../../src/fed/strategy.ts'
import { createPool, type Pool } from './pool.ts'

/** A checkpoint is taken after so many versions, bytes to read again, or milliseconds, whichever comes first. */
export interface CheckpointPolicy {
  readonly versions: number
  readonly bytes: number
  readonly ms: number
}

/** What does not change during a run. */
export interface Settings {
  readonly runId: string
  readonly seed: number
  readonly batchSize: number
  readonly epochs: number
  readonly schedule: Schedule
  readonly local: Local
  readonly codec: string
  /** Exact bytes of an update, and of a model as it travels. */
  readonly payloadBytes: number
  readonly modelBytes: number
  readonly tensors: readonly Omit<UpdateTensor, 'weight'>[]
  /** Fewest updates of a version, and whether the aggregator looks at each of them: then they are of equal size. */
  readonly minUpdates: number
  readonly seesEach: boolean
  /** Examples of each shard. */
  readonly shards: { readonly train: readonly number[]; readonly test: readonly number[] }
  /** Shards of each part of the training data, where they are divided among the volunteers. A pool of examples is a cohort's then instead of an epoch's, and `epochs` counts rounds. */
  readonly parts?: readonly (readonly number[])[]
  /** SHA-256 over the hashes of all shards. */
  readonly dataHash: string
  readonly evaluation: { readonly everyExamples: number; readonly recheckFraction: number }
  readonly checkpoint?: CheckpointPolicy
}

/** How a lease ended. */
export type Outcome = 'accepted' | 'refused' | 'expired' | 'released' | 'revoked'

export type LeaseStage = 'granted' | 'receiving' | 'checking' | 'rechecking' | 'persisting'

export interface LeaseState {
  readonly id: string
  /** Id of the first lease of this work: a backup lease has its original's. At most one of them is accepted. */
  readonly work: string
  readonly grant: number
  readonly volunteerId: string
  readonly kind: 'train' | 'evaluate'
  readonly modelVersion: number
  readonly modelHash: string
  /** Epoch of training work, number of the evaluation otherwise: names the pool that the slices belong to. */
  readonly epoch: number
  readonly slices: readonly Slice[]
  readonly numExamples: number
  readonly grantedMs: number
  readonly durationMs: number
  /** How long it should take; 0 while its volunteer's speed is unknown. */
  readonly expectedMs: number
  expiresMs: number
  /** When its update was announced. */
  announcedMs?: number
  stage: LeaseStage
  /** Version that its update becomes part of, once it has passed its check. */
  joins?: number
  /** What its volunteer reported, once it has. */
  report?: { readonly metrics: Metrics; readonly computeMs: number; readonly payloadHash: string; readonly payloadBytes: number }
}

export interface VolunteerState {
  /** Chosen by its tab. Whoever knows it can take its place, so it is never shown. */
  readonly id: string
  /** Its place in the order of arrival, which is what others see. */
  readonly number: number
  adapter: { readonly runner: string; readonly name: string; readonly software: boolean }
  connected: boolean
  /** It asked for work and has not given any back since. */
  wantsWork: boolean
  leaseId: string | undefined
  joinedMs: number
  disconnectedMs: number
  lastGrantMs: number
  /** Without anything to train, where it is. */
  idleSinceMs: number
  /** Examples per second, averaged; 0 before the first lease. */
  speed: { train: number; evaluate: number }
  /** Leases that measured it, two at most: the first is cold. */
  trials: { train: number; evaluate: number }
  /** Bytes per second, averaged; 0 before the first transfer. */
  bandwidth: { up: number; down: number }
  /** Share of its leases that it delivers, the newest counting most; a stranger is trusted. */
  reliability: number
  /** Shards it has been given, most recent last: it has them in its cache. */
  shards: { train: number[]; test: number[] }
  acceptedLeases: number
  refusedLeases: number
  lostLeases: number
  examples: number
  /** Payload hash of its last accepted update. */
  lastUpdate: string | undefined
  bytesUp: number
  /** Failures in a row, and until when it gets nothing because of them. */
  failures: number
  restUntilMs: number
  /** Its last leases, how they ended and which versions their updates joined, so that a replay is told from an unknown lease. */
  recent: { readonly leaseId: string; readonly grant: number; readonly kind: 'train' | 'evaluate'; readonly outcome: Outcome; readonly joins: number | undefined }[]
}

/** A synchronous round: the examples that make version `version + 1`. */
export interface Round {
  readonly epoch: number
  readonly examples: number
  /** Examples in live leases. */
  outstanding: number
  accepted: number
  leases: string[]
  totalWeight: number
  /** Accepted updates that are enough, where it is a cohort's. */
  readonly participants?: number
  /** When its first lease was granted. */
  openedMs: number | undefined
  /** Its version is being made. */
  closing: boolean
}

/** An update outside of rounds, accepted but not yet a version. */
export interface PendingUpdate {
  /** That it becomes part of. */
  readonly version: number
  /** That it was computed at. */
  readonly modelVersion: number
  readonly leaseId: string
  readonly weight: number
  readonly numExamples: number
}

/** Of volunteers that are no longer known one by one. */
export interface Totals {
  volunteers: number
  acceptedLeases: number
  examples: number
  bytesUp: number
}

export interface EpochState extends Pool {
  readonly epoch: number
}

export interface EvaluationState {
  readonly number: number
  readonly modelVersion: number
  readonly modelHash: string
  readonly atExamples: number
  readonly pool: Pool
  /** Sum of losses in units of 2^-20: exact in any order. */
  lossUnits: number
  correct: number
  /** Volunteers whose answer was implausible. */
  barred: string[]
  /** The coordinator is computing a piece itself. */
  alone: boolean
  /** The record is being written. */
  closing: boolean
}

export interface EvaluationSummary {
  readonly modelVersion: number
  readonly atExamples: number
  readonly loss: number
  readonly accuracy: number
  readonly examples: number
}

export interface CoordinatorState {
  readonly settings: Settings
  incarnation: number
  control: 'running' | 'paused' | 'stopped'
  controlReason: string
  /** Why nothing can be written, while that is so. */
  fault: string | undefined
  finished: boolean
  finishing: boolean
  version: number
  modelHash: string
  /** Version that the update accepted last will be part of (asynchronous), or the last one whose making has begun: runs ahead of `version`. */
  plannedVersion: number
  /** Epochs with examples not yet accepted, oldest first. Two at most, and two only when asynchronous. */
  epochs: EpochState[]
  epochsOpened: number
  round: Round | undefined
  /** By version, see pending.ts. */
  pending: PendingUpdate[]
  /** Semi-synchronous: the next version's updates are settled since `sealedMs`, and it will be made when all are on disk. */
  sealed: boolean
  sealedMs: number
  leases: Record<string, LeaseState>
  /** Leases whose update is on its way to the disk, and a moment before which none is overdue. */
  persisting: string[]
  overdueMs: number
  volunteers: Record<string, VolunteerState>
  volunteersSeen: number
  /** How many are connected, and how many of those have each shard. */
  connected: number
  holders: { readonly train: number[]; readonly test: number[] }
  /** Ids of those that could be given work, and of those that could but for the version of their last update, which is being made. */
  idle: Record<string, true>
  awaiting: Record<string, true>
  /** Payload hash of the last accepted update of each part of the data, by its number. */
  lastOfParts: Record<number, string>
  forgotten: Totals
  evaluation: EvaluationState | undefined
  evaluationCount: number
  lastEvaluation: EvaluationSummary | undefined
  leaseCount: number
  /** Accepted training examples, and those of them that are in the current version. */
  examples: number
  versionExamples: number
  accepted: number
  expired: number
  refused: Partial<Record<RefusalCode, number>>
  clampedElements: number
  staleness: number[]
  rechecks: { done: number; disagreed: number }
  bytesUp: number
  /** Training time: stands still while paused, waiting or down. */
  seconds: number
  lastMs: number
  /** When the clock last jumped, or the coordinator stood still. */
  jumpedMs: number
  /** Accepted examples per second, averaged over about ten seconds. */
  rate: number
  rateMs: number
  sinceCheckpoint: { versions: number; bytes: number; ms: number; running: boolean }
  /** Updates refused as not finite since the last accepted one. */
  nonFiniteInRow: number
}

export function initialState(settings: Settings): CoordinatorState {
  return {
    settings, incarnation: 0, control: 'running', controlReason: '', fault: undefined, finished: false, finishing: false,
    version: 0, modelHash: '', plannedVersion: 0, epochs: [], epochsOpened: 0, round: undefined, pending: [], sealed: false, sealedMs: 0, leases: {}, persisting: [], overdueMs: Infinity,
    volunteers: {}, volunteersSeen: 0, connected: 0, holders: { train: [], test: [] }, idle: {}, awaiting: {}, lastOfParts: {}, forgotten: { volunteers: 0, acceptedLeases: 0, examples: 0, bytesUp: 0 },
    evaluation: undefined, evaluationCount: 0, lastEvaluation: undefined, leaseCount: 0,
    examples: 0, versionExamples: 0, accepted: 0, expired: 0, refused: {}, clampedElements: 0, staleness: [], rechecks: { done: 0, disagreed: 0 },
    bytesUp: 0, seconds: 0, lastMs: 0, jumpedMs: 0, rate: 0, rateMs: 0, sinceCheckpoint: { versions: 0, bytes: 0, ms: 0, running: false }, nonFiniteInRow: 0,
  }
}

export function createVolunteer(id: string, number: number, now: number): VolunteerState {
  return {
    id, number, adapter: { runner: 'cpu', name: 'unknown', software: false }, connected: false, wantsWork: false, leaseId: undefined,
    joinedMs: now, disconnectedMs: now, lastGrantMs: -Infinity, idleSinceMs: now, speed: { train: 0, evaluate: 0 }, trials: { train: 0, evaluate: 0 }, bandwidth: { up: 0, down: 0 }, reliability: 1, shards: { train: [], test: [] },
    acceptedLeases: 0, refusedLeases: 0, lostLeases: 0, examples: 0, lastUpdate: undefined, bytesUp: 0, failures: 0, restUntilMs: -Infinity, recent: [],
  }
}

/** Examples of one epoch. */
export const examplesPerEpoch = (settings: Settings): number => settings.shards.train.reduce((a, b) => a + b, 0)

export const evaluationPool = (settings: Settings): Pool => createPool(settings.shards.test, settings.shards.test.map((_, shard) => shard))
