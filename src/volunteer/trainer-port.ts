// What the session needs of whatever computes its leases; `trainer.ts` is the real one.
import type { Storage } from '../graph/compile.ts'
import type { AdapterDescription } from '../graph/plan.ts'
import type { Lease, Metrics } from '../wire/messages.ts'
import type { Welcome } from '../wire/welcome.ts'
import type { TrainOutcome } from './update.ts'
import type { LeasePhase } from './view.ts'

export interface EvaluateOutcome {
  readonly kind: 'evaluate'
  readonly metrics: Metrics
  readonly computeMs: number
}

export type Outcome = TrainOutcome | EvaluateOutcome

export interface WorkHooks {
  /** Aborted: stop at the next micro-batch and reject. */
  readonly signal: AbortSignal
  /** `fraction` of the phase, 0..1. */
  readonly onProgress: (phase: LeasePhase, fraction: number) => void
}

/** Computes one lease at a time on a device of its own. */
export interface Trainer {
  /** Bytes fetched from the coordinator so far. */
  readonly bytesDown: number
  /** The device in use; undefined before `open`. Preparing a run may choose another. */
  readonly adapter?: AdapterDescription | undefined
  /** What activations of training are stored as in the run that was prepared last. */
  readonly storage?: Storage | undefined
  /** What the model takes of its memory; undefined where none is loaded. */
  readonly memoryBytes?: number | undefined
  /** Opens the device. Throws NoWebGpuError or NoAdapterError where there is none to use. */
  open(): Promise<AdapterDescription>
  /** Compiles the run's model; at once where it is already. Throws ConfigError where it does not fit the device. */
  prepare(welcome: Welcome, onProgress: (fraction: number, doing: string) => void): Promise<void>
  work(lease: Lease, hooks: WorkHooks): Promise<Outcome>
  /** The run is over: nothing of it needs to be remembered. */
  forget?(runId: string): void
  dispose(): void
}

/** The loss became NaN or infinite: nothing of this lease is worth sending. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError'
}
