// The arithmetic of a run, as a port: worker threads in production (threads.ts), the plain code in this thread in tests and
// simulations (inline.ts). Calls take effect in the order made. Payloads stay where they are.
import type { CodecChoice } from '../../src/codec/codec.ts'
import type { AggregatorChoice } from '../../src/fed/aggregators/aggregator.ts'
import type { CorrectionChoice } from '../../src/fed/corrections/correction.ts'
import type { OptimizerSettings } from '../../src/optim/optimizer.ts'
import type { ScheduleSettings } from '../../src/optim/schedules.ts'
import type { ExactSumOptions } from '../../src/fed/exact-sum.ts'
import type { Local } from '../../src/fed/strategy.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import type { Addend, Verdict } from '../coordinator/effects.ts'

export interface NumericSetup {
  /** Elements of the packed params. */
  readonly size: number
  /** How many of them, from the start on, the optimizer trains: buffers and frozen tensors lie behind. */
  readonly trainedSize: number
  /** Of the run: decides what is drawn at random (an aggregator's buckets). */
  readonly seed: number
  readonly batchSize: number
  readonly codec: CodecChoice
  readonly aggregator: AggregatorChoice
  readonly exactSum: ExactSumOptions
  readonly optimizer: OptimizerSettings
  readonly learningRateSchedule: ScheduleSettings
  /** What volunteers did to make an update. */
  readonly local: Local
  readonly corrections: readonly CorrectionChoice[]
  /** Of the data, where volunteers own parts; 1 otherwise. */
  readonly parts: number
  /** Of updates, in versions; 0 in rounds. */
  readonly maxStaleness: number
  /** Most updates that may have to wait, checked, for their version. */
  readonly held: number
}

export interface Snapshot {
  readonly version: number
  /** SHA-256 of `bytes`. */
  readonly hash: string
  /** Packed params, then what corrections send down with them (fed/corrections/travelling.ts), little-endian f32. */
  readonly bytes: Uint8Array
}

export interface Applied extends Snapshot {
  readonly totalWeight: number
}

export interface Checkpoint {
  readonly version: number
  readonly modelHash: string
  /** SHA-256 of `bytes`. */
  readonly file: string
  readonly bytes: Uint8Array
}

/** Where a run begins, or goes on from. */
export type NumericStart = { readonly params: Float32Array } | { readonly checkpoint: Uint8Array }

export interface Numeric {
  open(setup: NumericSetup, start: NumericStart): Promise<Snapshot>
  /** Memory for a payload that is about to arrive, when there is room in the run's budget: whoever asks first is first. */
  reserve(payloadBytes: number): Promise<Uint8Array>
  /** Gives back what was reserved and not handed to `check`. */
  release(memory: Uint8Array): void
  /** Verifies a payload and keeps it under this name. It must not change until it is accumulated or discarded. */
  check(leaseId: string, payloadHash: string, payload: Uint8Array): Promise<Verdict>
  discard(leaseId: string): void
  /** Adds a checked payload to the open sum, and forgets it. Nobody else needs it any more. */
  accumulate(leaseId: string, addend: Addend): void
  /** Makes `version` from the open sum; the learning rate is scaled by `scaleUnits` / 1024. */
  apply(version: number, scaleUnits: number): Promise<Applied>
  /** Params and optimizer state as they are now, which is between two versions. */
  checkpoint(): Promise<Checkpoint>
  close(): Promise<void>
}

export interface EvaluatorSetup {
  readonly model: ModelSpec
  /** Shape of one example, and its scaling. */
  readonly shape: readonly number[]
  readonly scale: number
  readonly offset: number
}

/** Examples start..start + count of a test shard. */
export interface EvaluationPiece {
  readonly shard: Uint8Array
  readonly examples: number
  readonly start: number
  readonly count: number
}

/** Evaluates on the coordinator's own CPU, away from the aggregation. */
export interface Evaluator {
  open(setup: EvaluatorSetup): Promise<void>
  evaluate(params: Uint8Array, pieces: readonly EvaluationPiece[]): Promise<{ readonly lossSum: number; readonly correct: number }>
  close(): Promise<void>
}
