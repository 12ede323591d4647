// What aggregators share that keep one exact sum: they differ only in how an update is scaled before it is added.
import * as v from 'valibot'
import { checkCapacity, clearExact, createExactSum, exactMean, mergeExact, type ExactSum } from '../exact-sum.ts'
import type { Aggregator, RegisteredAggregator } from './aggregator.ts'

type Streaming = Pick<Aggregator<ExactSum>, 'name' | 'sees' | 'scalesByNorm' | 'add'>

/** A rule whose state is one exact sum and whose result is its mean. */
export const streaming = (rule: Streaming): Aggregator<ExactSum> => ({
  ...rule,
  streams: true,
  minUpdates: 1,
  survives: () => 0,
  check: ({ exactSum }, totalWeight) => checkCapacity(exactSum, totalWeight),
  init: ({ size, exactSum, engine }) => createExactSum(size, exactSum, engine),
  merge: mergeExact,
  finish: exactMean,
  clear: clearExact,
  memory: () => ({}),
  restore: () => {},
})

/** A registry's entry, from the options' schema and the rule that given options make. */
export function register<S extends v.GenericSchema, State>(schema: S, create: (options: v.InferOutput<S>) => Aggregator<State>): RegisteredAggregator {
  const configure = (options: unknown): Aggregator => create(options as v.InferOutput<S>) as Aggregator
  return { ...configure(v.parse(schema, {})), schema, configure }
}

export const noOptions = v.strictObject({})
