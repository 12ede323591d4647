// Asynchronous updates count less the older the model they were computed at (Xie, Koyejo and Gupta 2019, arXiv 1903.03934).
// Staleness is the number of versions applied since the update's model.
import * as v from 'valibot'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import { weightUnits } from './exact-sum.ts'

export interface StalenessWeighting {
  readonly name: string
  readonly schema: v.GenericSchema
  /** Staleness -> weight in (0, 1]; 1 for a fresh update, never rising. */
  readonly create: (options: unknown) => (staleness: number) => number
}

/** What a run file says: the weighting's name and its options. */
export interface StalenessChoice {
  readonly name: string
  readonly [option: string]: unknown
}

const define = <S extends v.GenericSchema>(weighting: { readonly name: string; readonly schema: S; readonly create: (options: v.InferOutput<S>) => (staleness: number) => number }): StalenessWeighting =>
  weighting as StalenessWeighting

const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0))

/** (1 + staleness)^-exponent */
export const stalenessWeight = (staleness: number, exponent: number): number => (1 + staleness) ** -exponent

export const stalenessWeightings = createRegistry<StalenessWeighting>('staleness weighting', [
  define({ name: 'constant', schema: v.strictObject({}), create: () => () => 1 }),
  define({
    name: 'polynomial',
    schema: v.strictObject({ exponent: v.optional(nonNegative, 0.5) }),
    create: ({ exponent }) => (staleness) => stalenessWeight(staleness, exponent),
  }),
  define({
    name: 'hinge',
    // Full weight up to `after` versions, then 1 / (1 + slope * (staleness - after)).
    schema: v.strictObject({ slope: v.optional(v.pipe(nonNegative, v.gtValue(0)), 10), after: v.optional(v.pipe(nonNegative, v.safeInteger()), 4) }),
    create: ({ slope, after }) => (staleness) => (staleness <= after ? 1 : 1 / (1 + slope * (staleness - after))),
  }),
])

/** The weight by staleness. Throws ConfigError for an unknown name or an option that the weighting does not take. */
export function resolveStaleness({ name, ...options }: StalenessChoice): (staleness: number) => number {
  const weighting = stalenessWeightings.get(name)
  return weighting.create(parseOptions(weighting.schema, options, `staleness weighting ${name}`))
}

export interface AsynchronousUpdate {
  readonly staleness: number
  /** Of the polynomial weighting, where no other is chosen. */
  readonly stalenessExponent: number
  readonly weighting?: StalenessChoice | undefined
  readonly numExamples: number
  readonly examplesPerLease: number
}

/** The factor on the learning rate for one asynchronous update, in units of 2^-10, so that the log can state it exactly. */
export function asynchronousWeight({ staleness, stalenessExponent, weighting, numExamples, examplesPerLease }: AsynchronousUpdate): number {
  const weight = weighting === undefined ? stalenessWeight(staleness, stalenessExponent) : resolveStaleness(weighting)(staleness)
  return weightUnits(weight * (numExamples / examplesPerLease))
}
