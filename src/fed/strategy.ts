// A strategy is data over orthogonal axes: when updates are combined, what a volunteer does locally, how updates are
// combined, which optimizer the server steps with, what the server may see, how updates are encoded.
import * as v from 'valibot'

const positive = v.pipe(v.number(), v.gtValue(0))
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

/** Rounds of a fixed number of examples; all gradients of a round are of the same model version. */
export const SynchronousSchedule = v.strictObject({
  type: v.literal('synchronous'),
  /** Examples in a round: the effective batch size. */
  examplesPerRound: count,
  /** A round that is not complete after this closes with what it has, if that is at least the quorum. */
  deadlineMs: v.optional(positive, 20_000),
  /** Smallest accepted fraction of a round's examples to close it at its deadline. */
  quorum: v.optional(fraction, 0.5),
})

/** Each accepted gradient is applied at once. */
export const AsynchronousSchedule = v.strictObject({
  type: v.literal('asynchronous'),
  /** Largest number of examples in one lease; slow volunteers get fewer. */
  examplesPerLease: count,
  /** A gradient older than this many versions is refused. */
  maxStaleness: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 16),
  /** An update's weight is (1 + staleness)^-exponent (Xie et al. 2019, arXiv 1903.03934). */
  stalenessExponent: v.optional(v.pipe(v.number(), v.minValue(0)), 0.5),
})

export const ScheduleSchema = v.variant('type', [SynchronousSchedule, AsynchronousSchedule])

/** An optimizer by registry name with its hyper-parameters; the registry's entry checks the values. */
export const OptimizerChoice = v.strictObject({
  name: v.string(),
  learningRate: positive,
  weightDecay: v.optional(v.pipe(v.number(), v.minValue(0))),
  beta1: v.optional(fraction),
  beta2: v.optional(fraction),
  epsilon: v.optional(positive),
  initialAccumulator: v.optional(v.pipe(v.number(), v.minValue(0))),
})

/** Learning-rate schedule by registry name, over server steps; the registry's entry checks its options. */
export const LearningRateChoice = v.looseObject({ name: v.string() })

export const StrategySchema = v.strictObject({
  schedule: ScheduleSchema,
  /** What a volunteer returns: for now the gradient of its examples at the granted model. */
  local: v.optional(v.strictObject({ type: v.literal('gradient') }), { type: 'gradient' }),
  aggregator: v.optional(v.string(), 'weighted-mean'),
  serverOptimizer: OptimizerChoice,
  learningRateSchedule: v.optional(LearningRateChoice, { name: 'constant' }),
  privacy: v.optional(v.strictObject({ serverSees: v.literal('each') }), { serverSees: 'each' }),
  codec: v.optional(v.string(), 'f32'),
  /** Exact sums: updates are clamped to ±bound and rounded to 2^-quantumBits. */
  exactSum: v.optional(
    v.strictObject({ bound: v.optional(positive, 16), quantumBits: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(24), v.maxValue(40)), 30) }),
    {},
  ),
})

export type Strategy = v.InferOutput<typeof StrategySchema>
export type Schedule = Strategy['schedule']
export type OptimizerChoice = v.InferOutput<typeof OptimizerChoice>
export type LearningRateChoice = v.InferOutput<typeof LearningRateChoice>
