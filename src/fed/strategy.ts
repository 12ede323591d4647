// A strategy is data over orthogonal axes: when updates are combined, what a volunteer does locally, how updates are
// combined, which optimizer the server steps with, what the server may see, how updates are encoded.
import * as v from 'valibot'

const positive = v.pipe(v.number(), v.gtValue(0))
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

// A run's log holds the strategy as parsed here, and a run goes on only with the very one it was begun with: new options
// of what exists are optional without a default, so that they are absent where nobody wrote them.

/** More work is given out than a round needs, by this fraction, and whoever is done first counts. */
const overSelection = v.optional(fraction)
/** Largest number of examples in one lease, for work of source `examples`. */
const examplesPerLease = v.optional(count)
/** An update older than this many versions is refused. */
const maxStaleness = v.optional(natural, 16)
/** How much less an old update counts, by registry name, with its options (staleness.ts). */
const StalenessChoice = v.looseObject({ name: v.string() })

/** Rounds of a fixed number of examples; all gradients of a round are of the same model version. */
export const SynchronousSchedule = v.strictObject({
  type: v.literal('synchronous'),
  /** Examples in a round: the effective batch size. */
  examplesPerRound: count,
  /** A round that is not complete after this closes with what it has, if that is at least the quorum. */
  deadlineMs: v.optional(positive, 20_000),
  /** Smallest accepted fraction of a round's examples to close it at its deadline. */
  quorum: v.optional(fraction, 0.5),
  overSelection,
})

/** Each accepted update is applied at once. */
export const AsynchronousSchedule = v.strictObject({
  type: v.literal('asynchronous'),
  /** Largest number of examples in one lease; slow volunteers get fewer. */
  examplesPerLease: count,
  maxStaleness,
  /** An update's weight is (1 + staleness)^-exponent (Xie et al. 2019, arXiv 1903.03934), where no `weighting` is chosen. */
  stalenessExponent: v.optional(v.pipe(v.number(), v.minValue(0)), 0.5),
  weighting: v.optional(StalenessChoice),
})

/** Rounds of a number of volunteers, or parts of the data, drawn at random: FedAvg's clients. */
export const CohortSchedule = v.strictObject({
  type: v.literal('cohort'),
  /** How many are drawn for a round; all parts of the data where absent. */
  participants: v.optional(count),
  examplesPerLease,
  /** A round that is not complete after this closes with what it has, if that is at least the quorum. */
  deadlineMs: v.optional(positive, 120_000),
  /** Smallest fraction of the participants to close a round at its deadline. 1 waits for all: what is lost is given to somebody else. */
  quorum: v.optional(fraction, 0.8),
  overSelection,
})

/** Asynchronous work, combined whenever so many updates are there (FedBuff: Nguyen et al. 2022, arXiv 2106.06639). */
export const BufferedSchedule = v.strictObject({
  type: v.literal('buffered'),
  bufferSize: count,
  examplesPerLease,
  maxStaleness,
  weighting: v.optional(StalenessChoice, { name: 'polynomial', exponent: 0.5 }),
})

/** A version at every tick, of whatever is there by then; who is not done goes on, and counts at a later one. */
export const SemiSynchronousSchedule = v.strictObject({
  type: v.literal('semi-synchronous'),
  tickMs: positive,
  /** With this many updates a version is made before its tick. */
  maxUpdates: v.optional(count, 256),
  examplesPerLease,
  maxStaleness,
  weighting: v.optional(StalenessChoice, { name: 'polynomial', exponent: 0.5 }),
})

export const ScheduleSchema = v.variant('type', [SynchronousSchedule, AsynchronousSchedule, CohortSchedule, BufferedSchedule, SemiSynchronousSchedule])

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

const localTraining = {
  optimizer: OptimizerChoice,
  /** Over the local steps of one lease. */
  learningRateSchedule: v.optional(LearningRateChoice),
  /** Whether a volunteer's optimizer goes on where its last lease ended, instead of beginning anew. */
  keepOptimizerState: v.optional(v.boolean()),
}

/** What a volunteer returns: a mean gradient, or how far training took it (granted model minus trained one). */
export const LocalSchema = v.variant('type', [
  v.strictObject({ type: v.literal('gradient') }),
  /** So many optimizer steps, of the run's batchSize where none is given. */
  v.strictObject({ type: v.literal('steps'), steps: count, batchSize: v.optional(count), ...localTraining }),
  /** So many passes over the lease's examples; "all" takes them as one batch. */
  v.strictObject({ type: v.literal('epochs'), epochs: count, batchSize: v.optional(v.union([count, v.literal('all')])), ...localTraining }),
])

/** A registry's entry by name, or by name with options; the entry checks them. */
const Choice = v.union([v.string(), v.looseObject({ name: v.string() })])

export const StrategySchema = v.strictObject({
  schedule: ScheduleSchema,
  local: v.optional(LocalSchema, { type: 'gradient' }),
  aggregator: v.optional(Choice, 'weighted-mean'),
  serverOptimizer: OptimizerChoice,
  learningRateSchedule: v.optional(LearningRateChoice, { name: 'constant' }),
  /** `sum`: the server sees sums of updates only. */
  privacy: v.optional(v.strictObject({ serverSees: v.picklist(['each', 'sum']) }), { serverSees: 'each' }),
  codec: v.optional(v.union([v.string(), v.looseObject({ name: v.string(), errorFeedback: v.optional(v.boolean()) })]), 'f32'),
  /** Exact sums: updates are clamped to ±bound and rounded to 2^-quantumBits. */
  exactSum: v.optional(
    v.strictObject({ bound: v.optional(positive, 16), quantumBits: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(24), v.maxValue(40)), 30) }),
    {},
  ),
  corrections: v.optional(v.array(v.looseObject({ name: v.string() }))),
  /** Whose examples: shipped ones (where absent), parts of the data that volunteers own, or their own data. */
  work: v.optional(v.picklist(['examples', 'partition', 'own'])),
})

export type Strategy = v.InferOutput<typeof StrategySchema>
export type Schedule = Strategy['schedule']
export type Local = Strategy['local']

/** Whether versions are made in rounds: all updates of one are of the same model version. */
export const inRounds = (schedule: Schedule): schedule is Extract<Schedule, { readonly type: 'synchronous' | 'cohort' }> => schedule.type === 'synchronous' || schedule.type === 'cohort'

export type OptimizerChoice = v.InferOutput<typeof OptimizerChoice>
export type LearningRateChoice = v.InferOutput<typeof LearningRateChoice>
