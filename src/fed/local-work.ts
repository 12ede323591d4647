// What local training on a lease's examples comes to: how many steps of how many examples, in which order, and what
// FedNova and SCAFFOLD must know of it. Volunteers and server derive the same from the lease, so nobody has to be believed.
import { ceilDiv } from '../base/math.ts'
import { createRng, permutation } from '../base/rng.ts'
import { resolveFixedSchedule } from '../optim/schedules.ts'
import type { Correction } from './corrections/correction.ts'
import { localNorm } from './corrections/local-norm.ts'
import type { Local } from './strategy.ts'

export type LocalTraining = Exclude<Local, { readonly type: 'gradient' }>

export interface LocalPlan {
  /** Optimizer steps. */
  readonly steps: number
  /** Examples in a step; the last one of a pass may have fewer. */
  readonly batchSize: number
  readonly stepsPerPass: number
  readonly numExamples: number
}

/** `batchSize` is the run's, for local training that gives none. */
export function planLocal(local: LocalTraining, { numExamples, batchSize }: { readonly numExamples: number; readonly batchSize: number }): LocalPlan {
  const wanted = local.batchSize === 'all' ? numExamples : local.batchSize ?? batchSize
  const size = Math.min(numExamples, wanted)
  const stepsPerPass = ceilDiv(numExamples, size)
  return { steps: local.type === 'steps' ? local.steps : local.epochs * stepsPerPass, batchSize: size, stepsPerPass, numExamples }
}

/** The order in which pass number `pass` over a lease's examples takes them. Changing it would break runs that are resumed. */
export const passOrder = (seed: number, work: string, pass: number, numExamples: number): Uint32Array =>
  permutation(createRng(`local-order/${seed}/${work}/${pass}`), numExamples)

/** Which of the lease's examples step number `step` (from 0 on) takes: positions start..start + count of the order of `pass`. */
export function batchOf({ batchSize, stepsPerPass, numExamples }: LocalPlan, step: number): { readonly pass: number; readonly start: number; readonly count: number } {
  const start = (step % stepsPerPass) * batchSize
  return { pass: Math.floor(step / stepsPerPass), start, count: Math.min(batchSize, numExamples - start) }
}

/** The learning rate of each local step, counted from 0. */
export function localRates(local: LocalTraining): (step: number) => number {
  const { factor } = resolveFixedSchedule(local.learningRateSchedule ?? { name: 'constant' })
  return (step) => local.optimizer.learningRate * factor(step)
}

export function learningRateSum(local: LocalTraining, { steps }: LocalPlan): number {
  const rate = localRates(local)
  let sum = 0
  for (let step = 0; step < steps; step++) sum += rate(step)
  return sum
}

/** The update's `localNorm`, for nova-mean; momentum is the optimizers' default where none is given. Drifts change nothing of it, pulls do. */
export function localNormOf(local: LocalTraining, { steps }: LocalPlan, corrections: readonly Correction[]): number {
  const { name, learningRate, beta1 = 0.9 } = local.optimizer
  const pull = corrections.reduce((sum, correction) => sum + correction.pull, 0)
  return localNorm({ steps, momentum: name === 'sgd' ? 0 : beta1, nesterov: name === 'nesterov', decay: learningRate * pull })
}
