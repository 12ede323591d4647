// What passes between the main thread and a numeric thread.
import type { Evaluator, Numeric } from './numeric.ts'

interface Methods {
  readonly open: Numeric['open']
  readonly check: Numeric['check']
  readonly discard: Numeric['discard']
  readonly accumulate: Numeric['accumulate']
  readonly apply: Numeric['apply']
  readonly checkpoint: Numeric['checkpoint']
  readonly openEvaluator: Evaluator['open']
  readonly evaluate: Evaluator['evaluate']
}

/** `id` where an answer is wanted. */
export type Call = { [M in keyof Methods]: { readonly id?: number; readonly method: M; readonly args: Parameters<Methods[M]> } }[keyof Methods]

export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: unknown }
