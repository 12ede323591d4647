// What a person sees of their volunteer: plain data, sent from the worker to the page a few times a second.
import type { Storage } from '../graph/compile.ts'
import type { AdapterDescription } from '../graph/plan.ts'
import type { RefusalCode, RunState } from '../wire/messages.ts'

/** What a lease is going through. `rebuilding`: the GPU device was lost and is being set up again. */
export type LeasePhase = 'downloading' | 'computing' | 'uploading' | 'rebuilding'

export type SessionState =
  /** Looking for a GPU, or for the coordinator for the first time. */
  | { readonly state: 'connecting' }
  /** Compiling and tuning this run's model; `fraction` 0..1. */
  | { readonly state: 'preparing'; readonly fraction: number; readonly doing: string }
  /** Idle: the coordinator has no work, or the run is not running. */
  | { readonly state: 'waiting'; readonly runState: RunState }
  | { readonly state: 'leased'; readonly phase: LeasePhase; readonly kind: 'train' | 'evaluate'; readonly fraction: number; readonly numExamples: number }
  | { readonly state: 'paused' }
  /** The coordinator is gone; a lease that is being computed goes on meanwhile. */
  | { readonly state: 'disconnected'; readonly reason: string; readonly retryInMs: number; readonly working: boolean }
  /** The coordinator will not have this volunteer; final. */
  | { readonly state: 'refused'; readonly code: RefusalCode; readonly message: string }
  /** This machine cannot go on; final. */
  | { readonly state: 'failed'; readonly failure: FailureKind; readonly message: string }
  | { readonly state: 'stopped' }

/** Each has its own remedy in the catalogue of the pages. */
export type FailureKind = 'no-webgpu' | 'insecure' | 'no-adapter' | 'too-old' | 'device-lost' | 'too-large' | 'wrong-results' | 'crashed'

export interface Contribution {
  /** Training examples in accepted leases. */
  readonly examples: number
  readonly evaluatedExamples: number
  readonly acceptedLeases: number
  readonly refusedLeases: number
  readonly bytesUp: number
  readonly bytesDown: number
}

export interface RunSummary {
  readonly runId: string
  readonly title: string
  readonly modelName: string
  readonly dataset: string
  /** What it wants activations of training stored as. */
  readonly storage: Storage
}

export interface VolunteerView {
  readonly session: SessionState
  readonly run?: RunSummary
  readonly adapter?: AdapterDescription
  /** What they are stored as here, once prepared: f32 also where the run wants f16 and this device has none, or f16 too little range for the model. */
  readonly storage?: Storage
  /** What the model takes of the device's memory, once prepared. */
  readonly memoryBytes?: number
  readonly modelVersion: number
  readonly contribution: Contribution
  /** Over the last leases, from grant to verdict; 0 before the first. */
  readonly examplesPerSecond: number
  /** Mean training loss of the last accepted leases, oldest first. */
  readonly losses: readonly number[]
  /** Why the last lease came to nothing, until one is accepted. */
  readonly trouble?: string
}
