// Asynchronous updates count less the older the model they were computed at (Xie et al. 2019, arXiv 1903.03934).
import { weightUnits } from './exact-sum.ts'

/** (1 + staleness)^-exponent, where staleness is the number of versions applied since the update's model. */
export const stalenessWeight = (staleness: number, exponent: number): number => (1 + staleness) ** -exponent

export interface AsynchronousUpdate {
  readonly staleness: number
  readonly stalenessExponent: number
  readonly numExamples: number
  readonly examplesPerLease: number
}

/** The factor on the learning rate for one asynchronous update, in units of 2^-10, so that the log can state it exactly. */
export const asynchronousWeight = ({ staleness, stalenessExponent, numExamples, examplesPerLease }: AsynchronousUpdate): number =>
  weightUnits(stalenessWeight(staleness, stalenessExponent) * (numExamples / examplesPerLease))
