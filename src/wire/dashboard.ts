// What the dashboard sees (pushed live over the /dashboard namespace) and what it may ask for.
import * as v from 'valibot'
import type { Schedule } from '../fed/strategy.ts'
import type { RefusalCode, RunState } from './messages.ts'

export interface VolunteerStatus {
  /** `volunteer-<number>`, in order of arrival: not the id that its tab chose, which only it may know. */
  readonly id: string
  readonly adapter: string
  readonly runner: string
  readonly software: boolean
  readonly connected: boolean
  /** What it is doing: idle, training, evaluating, uploading. */
  readonly activity: 'idle' | 'training' | 'evaluating' | 'uploading' | 'gone'
  /** Measured over its last leases; 0 before the first. */
  readonly examplesPerSecond: number
  readonly bytesPerSecond: { readonly up: number; readonly down: number }
  /** Share of its leases that it delivers, 0..1. */
  readonly reliability: number
  readonly acceptedLeases: number
  readonly refusedLeases: number
  readonly lostLeases: number
  /** Training examples accepted from it. */
  readonly examples: number
  readonly bytesUp: number
  readonly joinedMs: number
}

/** A point of the curves. `seconds` is training time: it stands still while the coordinator is down. */
export interface CurvePoint {
  readonly seconds: number
  readonly examples: number
  readonly modelVersion: number
  /** Mean training loss since the last point. */
  readonly trainLoss?: number
  /** On the whole test split. */
  readonly loss?: number
  readonly accuracy?: number
}

/** Why a run is in its state: pages say it in their language, the terminal in English. */
export interface RunReason {
  /** `person`: whoever has the token paused or stopped it. */
  readonly code: 'training' | 'evaluating' | 'waiting' | 'person' | 'diverged' | 'disk' | 'epochs-done' | 'rounds-done'
  /** The version that is evaluated, or how many epochs or rounds are done. */
  readonly count?: number
  /** What the disk said. */
  readonly detail?: string
}

/** What the version in the making has so far: examples in synchronous rounds, updates otherwise. */
export interface NextVersion {
  readonly number: number
  readonly accepted: number
  /** With volunteers, or on its way to the disk. */
  readonly out: number
  /** What completes it: a round's examples, a cohort's participants, a full buffer. Absent where a tick does. */
  readonly wanted?: number
  /** Since the round began or the last tick was, and when its deadline or the next tick is. */
  readonly ageMs?: number
  readonly limitMs?: number
}

/** How the training data are divided among volunteers: GET /runs/<runId>/partition.json. */
export interface PartitionPicture {
  readonly parts: number
  readonly classNames: readonly string[]
  /** Examples of each class, part after part; of the first thousand parts where there are more. */
  readonly counts: readonly number[]
}

export interface RunStatus {
  readonly runId: string
  readonly title: string
  readonly state: RunState
  readonly reason: RunReason
  readonly schedule: Schedule['type']
  readonly modelName: string
  readonly params: number
  readonly modelVersion: number
  readonly modelHash: string
  readonly incarnation: number
  readonly epoch: number
  /** Accepted training examples so far, and in one epoch. */
  readonly examples: number
  readonly examplesPerEpoch: number
  readonly examplesPerSecond: number
  readonly seconds: number
  /** Absent where there is nothing left to train. */
  readonly nextVersion?: NextVersion
  /** Parts of the data that volunteers are training on, where the data are divided. */
  readonly partsOut: readonly number[]
  /** Number of accepted updates by staleness (index). */
  readonly staleness: readonly number[]
  readonly bytesUp: number
  readonly bytesDown: number
  /** Bytes of one update, as its codec packs it. */
  readonly updateBytes: number
  readonly accepted: number
  readonly expired: number
  readonly refused: Readonly<Partial<Record<RefusalCode, number>>>
  /** Elements clamped to the exact sum's bound so far. */
  readonly clampedElements: number
  /** Evaluation leases computed again by the coordinator, and how many disagreed. */
  readonly rechecks: { readonly done: number; readonly disagreed: number }
  readonly evaluation?: { readonly loss: number; readonly accuracy: number; readonly examples: number; readonly modelVersion: number }
  /** Those at work first, then by what they have given; a dashboard hears of the first hundred. */
  readonly volunteers: readonly VolunteerStatus[]
  /** How many are connected, and how many more than the listed ones there were. */
  readonly connected: number
  readonly unlisted: number
}

/** One of a coordinator's runs, as a list shows it. */
export interface RunListing {
  readonly runId: string
  readonly name: string
  readonly title: string
  readonly state: RunState
  readonly modelVersion: number
  /** Connected ones. */
  readonly volunteers: number
  readonly accuracy?: number
}

/** GET /health. The first run is whose is meant where none is named. */
export interface Health {
  readonly ok: true
  readonly runs: readonly RunListing[]
}

/** Server -> dashboard: `status` (whole, at most a few times a second) and `curve` (all points on connecting, then new ones). */
export type DashboardEvent =
  | { readonly type: 'status'; readonly status: RunStatus }
  | { readonly type: 'curve'; readonly points: readonly CurvePoint[]; readonly reset: boolean }

/** Dashboard -> server, acknowledged with `{ ok: true }` or `{ ok: false, message }`. */
export const ControlSchema = v.strictObject({
  type: v.literal('control'),
  runId: v.pipe(v.string(), v.maxLength(64)),
  token: v.pipe(v.string(), v.maxLength(128)),
  action: v.picklist(['pause', 'resume', 'stop']),
})
export type Control = v.InferOutput<typeof ControlSchema>
