// A run's model as the Plans that its leases need: one gradient, or local training with an optimizer of its own.
import { invariant } from '../base/errors.ts'
import type { Storage } from '../graph/compile.ts'
import type { Plan } from '../graph/plan.ts'
import { drifts, sumTerms, type Correction } from '../fed/corrections/correction.ts'
import { resolveCorrection } from '../fed/corrections/index.ts'
import type { LocalTraining } from '../fed/local-work.ts'
import type { Strategy } from '../fed/strategy.ts'
import type { Layout } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { compileProgram, type CompiledProgram } from '../train/program.ts'

export interface CompiledRun {
  readonly layout: Layout
  readonly gradient: Plan
  readonly evaluate: Plan
  /** Where leases are trained locally. */
  readonly training: CompiledTraining | undefined
  /** All that leases need. */
  readonly plans: readonly Plan[]
}

export interface CompiledTraining extends CompiledProgram {
  readonly local: LocalTraining
  readonly corrections: readonly Correction[]
  /** To the granted model, by corrections. */
  readonly pull: number
  readonly batchSize: number
}

export interface RunRecipe {
  readonly model: ModelSpec
  readonly batchSize: number
  readonly strategy: Pick<Strategy, 'local' | 'corrections'>
  /** What activations of training are stored as. Evaluations are in f32 always: the coordinator does some of them again and compares. */
  readonly storage: Storage
}

export function compileRun({ model, batchSize, storage, strategy: { local, corrections: choices = [] } }: RunRecipe, memoryLimitBytes = Infinity): CompiledRun {
  const whole = compileProgram(model, { batchSize, memoryLimitBytes })
  const { layout, plans: { evaluate } } = whole
  if (local.type === 'gradient') {
    const { gradient } = (storage === 'f32' ? whole : compileProgram(model, { batchSize, memoryLimitBytes, storage })).plans
    return { layout, gradient, evaluate, training: undefined, plans: [gradient, evaluate] }
  }
  // Evaluation takes large batches also where training takes small ones.
  const trainBatch = typeof local.batchSize === 'number' ? local.batchSize : batchSize
  const corrections = choices.map(resolveCorrection)
  const { pull } = sumTerms(corrections.map((correction) => ({ pull: correction.pull })))
  const compiled = compileProgram(model, { batchSize: trainBatch, memoryLimitBytes, storage, optimizer: local.optimizer, pull, drift: corrections.some(drifts) })
  invariant(compiled.layout.entries.every(({ arenaOffset }, i) => arenaOffset === layout.entries[i]!.arenaOffset), 'local training: must keep params where evaluation reads them.')
  const { train, gradient: micro, apply } = compiled.plans
  const training = { ...compiled, local, corrections, pull, batchSize: trainBatch }
  // Whoever takes over a part of the data needs its gradient (Correction.takeOver).
  const takesOver = corrections.some(({ volunteerSlots }) => volunteerSlots.length > 0)
  return { layout, gradient: micro, evaluate, training, plans: [...(local.batchSize === 'all' ? [micro, apply!] : takesOver ? [micro, train!] : [train!]), evaluate] }
}
