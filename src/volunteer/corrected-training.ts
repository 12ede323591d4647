// Local training with corrections: which way their terms drift, what goes up beside the update, and what a volunteer will
// remember of it.
import type { Memory } from '../fed/aggregators/aggregator.ts'
import { sumTerms, type Correction } from '../fed/corrections/correction.ts'
import { join, upOf } from '../fed/corrections/travelling.ts'
import { learningRateSum, planLocal } from '../fed/local-work.ts'
import type { Recalled } from './lease-memory.ts'
import { trainLocally, type LocalResult, type LocalTrainingRequest } from './local-training.ts'

export interface Correcting {
  readonly corrections: readonly Correction[]
  readonly recalled: Recalled
  /** What came with the model, by correction. */
  readonly down: Readonly<Record<string, Memory>>
}

export interface CorrectedResult extends LocalResult {
  /** [upOf(corrections) * size] */
  readonly up: Float32Array
  readonly after: Recalled
}

export async function trainCorrected(request: Omit<LocalTrainingRequest, 'drift' | 'optimizer'>, { corrections, recalled, down }: Correcting): Promise<CorrectedResult> {
  const { own } = recalled
  const { drift } = sumTerms(corrections.map((correction) => ({ pull: correction.pull, drift: correction.drift(own[correction.name]!, down[correction.name]!) })))
  const result = await trainLocally({ ...request, drift, optimizer: recalled.optimizer })
  const { training: { local }, lease: { numExamples }, source: { batchSize } } = request
  const rates = learningRateSum(local, planLocal(local, { numExamples, batchSize }))
  const ends = corrections.map((correction) => {
    const end = correction.afterLocal({ pseudoGradient: result.pseudoGradient, learningRateSum: rates, own: own[correction.name]!, down: down[correction.name]! })
    return [correction.name, end] as const
  })
  return {
    ...result,
    up: join(Object.fromEntries(ends.map(([name, { up }]) => [name, up])), upOf(corrections), request.granted.length),
    after: { ...recalled, optimizer: result.optimizer, own: Object.fromEntries(ends.map(([name, end]) => [name, end.own])) },
  }
}
