// A run file: everything that decides a training run, as JSON. `server/runs/*.json` are the named ones.
import * as v from 'valibot'
import { StrategySchema } from '../fed/strategy.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const name = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and dashes'))

export const RunConfigSchema = v.strictObject({
  name,
  /** One line for people: what is trained, on what. */
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(120)),
  /** Registry name; `--data-dir` says where a downloaded one lies. `trainExamples` and `testExamples` take the first so many. */
  dataset: v.strictObject({ name: v.string(), trainExamples: v.optional(count), testExamples: v.optional(count) }),
  /** Key in the model zoo. */
  model: v.string(),
  /** Examples in one forward and backward pass on a volunteer. */
  batchSize: v.optional(v.pipe(count, v.maxValue(4096)), 64),
  /** What volunteers keep activations of training in: f16 where their device has it (`shader-f16`), else f32, which is also the default. */
  storage: v.optional(v.picklist(['f32', 'f16'])),
  seed: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 1),
  strategy: StrategySchema,
  /** How the training data are divided among volunteers, where strategy.work is "partition". */
  partition: v.optional(v.strictObject({
    parts: v.pipe(count, v.maxValue(100_000)),
    /** A way of dividing by registry name, or by name with options; iid where absent. */
    by: v.optional(v.union([v.string(), v.looseObject({ name: v.string() })])),
  })),
  evaluation: v.optional(v.strictObject({
    /** A model is evaluated on the whole test split each time this many more training examples were accepted. */
    everyExamples: v.optional(count, 10_000),
    /** Fraction of evaluation leases that the coordinator computes again on its own CPU. */
    recheckFraction: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.02),
  }), {}),
  /** The run is finished after this many passes over the training split. */
  epochs: v.optional(count, 100),
})

export type RunConfig = v.InferOutput<typeof RunConfigSchema>
