// What the dashboard sees (pushed live over the /dashboard namespace) and what it may ask for.
import * as v from 'valibot'
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

export interface RunStatus {
  readonly runId: string
  readonly title: string
  readonly state: RunState
  /** Why it is in that state, where a person should know ("waiting for a volunteer", "the disk is full"). */
  readonly reason: string
  readonly schedule: 'synchronous' | 'asynchronous'
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
  /** The open round: accepted and planned examples. Absent when asynchronous. */
  readonly round?: { readonly number: number; readonly acceptedExamples: number; readonly examples: number; readonly ageMs: number }
  /** Number of accepted updates by staleness (index). */
  readonly staleness: readonly number[]
  readonly bytesUp: number
  readonly bytesDown: number
  readonly accepted: number
  readonly expired: number
  readonly refused: Readonly<Partial<Record<RefusalCode, number>>>
  /** Elements clamped to the exact sum's bound so far. */
  readonly clampedElements: number
  /** Evaluation leases computed again by the coordinator, and how many disagreed. */
  readonly rechecks: { readonly done: number; readonly disagreed: number }
  readonly evaluation?: { readonly loss: number; readonly accuracy: number; readonly examples: number; readonly modelVersion: number }
  readonly volunteers: readonly VolunteerStatus[]
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
