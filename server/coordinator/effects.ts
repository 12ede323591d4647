// What goes into `step` and what comes out. Effects are carried out by host.ts; their results come back as events.
import type { Rng } from '../../src/base/rng.ts'
import type { FromVolunteer, Hello, RefusalCode, Refused, Slice, ToVolunteer, UpdateHeader } from '../../src/wire/messages.ts'
import type { LogRecord } from './records.ts'

export type Event =
  | { readonly type: 'opened' }
  | { readonly type: 'tick' }
  | { readonly type: 'join'; readonly hello: Hello }
  | { readonly type: 'leave'; readonly volunteerId: string }
  | { readonly type: 'message'; readonly volunteerId: string; readonly message: FromVolunteer }
  | { readonly type: 'announce'; readonly volunteerId: string; readonly header: UpdateHeader }
  | { readonly type: 'submit'; readonly volunteerId: string; readonly header: UpdateHeader; readonly bytes: number }
  | { readonly type: 'malformed'; readonly volunteerId: string | undefined }
  | { readonly type: 'checked'; readonly leaseId: string; readonly verdict: Verdict }
  | { readonly type: 'persisted'; readonly record: LogRecord }
  | { readonly type: 'disk'; readonly fault: string | undefined }
  | { readonly type: 'applied'; readonly version: number; readonly hash: string; readonly leases: readonly string[]; readonly totalWeight: number }
  | { readonly type: 'rechecked'; readonly leaseId: string; readonly truth: { readonly lossSum: number; readonly correct: number } }
  | { readonly type: 'evaluated'; readonly evaluation: number; readonly slices: readonly Slice[]; readonly truth: { readonly lossSum: number; readonly correct: number } }
  | { readonly type: 'control'; readonly action: 'pause' | 'resume' | 'stop' }

export type Verdict = { readonly ok: true; readonly clampedElements: number } | { readonly ok: false; readonly code: RefusalCode; readonly message: string }

/** What an update is to the sum. */
export interface Addend {
  readonly weight: number
  readonly numExamples: number
  /** That it was computed at. */
  readonly modelVersion: number
  /** Its lease's place in the order of leases. */
  readonly order: number
}

export type Effect =
  | { readonly type: 'send'; readonly volunteerId: string; readonly message: ToVolunteer }
  /** The synchronous answer to join, announce or submit. */
  | { readonly type: 'answer'; readonly refused?: Refused; readonly keepLease?: boolean }
  /** Verify hash, codec and finiteness of the submitted payload of this lease, and keep it decoded. */
  | { readonly type: 'check'; readonly leaseId: string; readonly payloadHash: string }
  /** Forget the payload of this lease. */
  | { readonly type: 'discard'; readonly leaseId: string }
  /** Write the record (and the payload of an accepted update), then tell `persisted`. */
  | { readonly type: 'persist'; readonly record: LogRecord }
  /** Add the checked payload of this lease to the open sum. */
  | { readonly type: 'accumulate'; readonly leaseId: string; readonly addend: Addend }
  /** Step the server optimizer with the open sum; the learning rate is scaled by `scaleUnits` / 1024. */
  | { readonly type: 'apply'; readonly version: number; readonly leases: readonly string[]; readonly scaleUnits: number }
  | { readonly type: 'checkpoint' }
  /** Compute an evaluation lease again on the coordinator's own CPU. */
  | { readonly type: 'recheck'; readonly leaseId: string; readonly modelHash: string; readonly slices: readonly Slice[] }
  /** Evaluate where no volunteer does. */
  | { readonly type: 'evaluate'; readonly evaluation: number; readonly modelHash: string; readonly slices: readonly Slice[] }

/** What the parts of a step share. */
export interface StepContext {
  readonly now: number
  readonly rng: Rng
  readonly effects: Effect[]
}
