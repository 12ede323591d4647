// What passes between the main thread and the numeric threads.
import type { Addend } from '../coordinator/effects.ts'
import type { Checked } from './checker.ts'
import type { Applied, Checkpoint, Evaluator, NumericSetup, NumericStart, Snapshot } from './numeric.ts'
import type { SharedMemory } from './shared-memory.ts'

/** A payload in shared memory. */
export interface PayloadPlace {
  readonly address: number
  readonly bytes: number
}

export interface StoredUpdate extends PayloadPlace {
  readonly squaredNorm: number | undefined
}

interface Methods {
  readonly open: (setup: NumericSetup, start: NumericStart, shared: SharedMemory) => Promise<Snapshot>
  /** Answers when the payload is no longer needed. */
  readonly accumulate: (leaseId: string, addend: Addend, update: StoredUpdate) => Promise<void>
  readonly apply: (version: number, scaleUnits: number) => Promise<Applied>
  readonly checkpoint: () => Promise<Checkpoint>
  readonly openChecker: (setup: NumericSetup, shared: SharedMemory, index: number) => Promise<void>
  readonly check: (payloadHash: string, place: PayloadPlace) => Promise<Checked>
  readonly openEvaluator: Evaluator['open']
  readonly evaluate: Evaluator['evaluate']
}

export type Call = { [M in keyof Methods]: { readonly id: number; readonly method: M; readonly args: Parameters<Methods[M]> } }[keyof Methods]

/** Without its number, which `ask` gives it. */
export type Question = { [M in keyof Methods]: { readonly method: M; readonly args: Parameters<Methods[M]> } }[keyof Methods]

export type Answer<M extends keyof Methods> = Awaited<ReturnType<Methods[M]>>

export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: unknown }
