// A correction keeps volunteers whose data differ, or whose model is old, from pulling the global model off its way. It
// is data and pure functions: a term for each local gradient, state on both sides, and what the server does with an update.
//
// Nothing is changed before an update is accepted: `afterLocal` returns the volunteer's next state, which is kept only then.
import type * as v from 'valibot'
import type { Memory } from '../aggregators/aggregator.ts'

/** Added to every gradient of a lease: pull * (params - anchor) + drift, where the anchor is the model that was granted. */
export interface GradientTerm {
  readonly pull: number
  /** [size] */
  readonly drift?: Float32Array | undefined
}

export interface LocalWork {
  /** [size] Granted model minus the trained one. */
  readonly pseudoGradient: Float32Array
  /** Sum of the learning rates of all local steps. */
  readonly learningRateSum: number
  /** What the volunteer kept of its last lease, by `volunteerSlots`. */
  readonly own: Memory
  /** What came down with the model, by `down`. */
  readonly down: Memory
}

export interface CombinedRound {
  /** [size] The combined pseudo-gradient, which the server optimizer gets. Changed in place. */
  readonly pseudoGradient: Float32Array
  /** Unweighted means of what went up, by `up`. */
  readonly up: Memory
  /** Part of all parts of the data that took part in the round, in (0, 1]. */
  readonly fraction: number
  /** By `serverSlots`. Changed in place. */
  readonly server: Memory
}

export interface StaleUpdate {
  /** [size] Gradient of the model `computedAt`. Changed in place. */
  readonly gradient: Float32Array
  /** [size] */
  readonly computedAt: Float32Array
  /** [size] The model that it will be applied to. */
  readonly current: Float32Array
}

/** What the other axes must be like; resolve-strategy.ts holds them to it. */
export interface CorrectionNeeds {
  /** `several`: local work must be more than one gradient. `one`: exactly that. */
  readonly steps?: 'several' | 'one'
  /** Local optimizers that its formula knows; any where absent. */
  readonly localOptimizers?: readonly string[]
  /** Server optimizers that its formula knows; any where absent. */
  readonly serverOptimizers?: readonly string[]
  readonly schedule?: 'rounds' | 'asynchronous'
  /** Volunteers' state belongs to their data, so they must keep both. */
  readonly ownData?: boolean
  /** The server works on single updates. */
  readonly seesEach?: boolean
  /** The server keeps the params of every version that an update may have been computed at: `maxStaleness` times the model, in memory and in checkpoints. */
  readonly versions?: boolean
  /** Both sides must agree on what was sent. */
  readonly exactUpdates?: boolean
}

export interface Correction {
  readonly name: string
  readonly needs: CorrectionNeeds
  /** Arrays [size], zero in the beginning: of a volunteer from lease to lease, and of the server, which a checkpoint keeps. */
  readonly volunteerSlots: readonly string[]
  readonly serverSlots: readonly string[]
  /** Server slots that come down with the model, and arrays that go up beside the update. */
  readonly down: readonly string[]
  readonly up: readonly string[]
  /** Pull of its gradient term: known beforehand, as FedNova must know it. */
  readonly pull: number
  /**
   * Slots of a part of the data that somebody else trained on last, or whose state is lost: what the server is likely to count
   * for it, from its gradient [size] at the granted model. Those of a part that nobody has trained on are zeros.
   */
  takeOver(gradient: Float32Array): Memory
  /** Drift of its gradient term during a lease. */
  drift(own: Memory, down: Memory): Float32Array | undefined
  /** What goes up, and the volunteer's state once the update is accepted. */
  afterLocal(work: LocalWork): { readonly up: Memory; readonly own: Memory }
  /** Between aggregator and server optimizer. */
  beforeServerStep(round: CombinedRound): void
  /** Between the arrival of an update and the aggregator. */
  compensate(update: StaleUpdate): void
}

/** An entry of the registry is the correction with its default options; `configure` gives it with others. */
export interface RegisteredCorrection extends Correction {
  readonly schema: v.GenericSchema
  configure(options: unknown): Correction
}

/** What a run file says: a name with options. */
export interface CorrectionChoice {
  readonly name: string
  readonly [option: string]: unknown
}

/** What a correction does that says nothing else: nothing. */
export const NOTHING: Omit<Correction, 'name'> = {
  needs: {},
  volunteerSlots: [],
  serverSlots: [],
  down: [],
  up: [],
  pull: 0,
  takeOver: () => ({}),
  drift: () => undefined,
  afterLocal: ({ own }) => ({ up: {}, own }),
  beforeServerStep: () => {},
  compensate: () => {},
}

/** The reference of what a volunteer adds to a gradient [size], in place. */
export function addTerm(gradient: Float32Array, { pull, drift }: GradientTerm, at: { readonly params: Float32Array; readonly anchor: Float32Array }): void {
  for (let i = 0; i < gradient.length; i++) gradient[i]! += pull * (at.params[i]! - at.anchor[i]!) + (drift?.[i] ?? 0)
}

/** One term for several corrections. */
export function sumTerms(terms: readonly GradientTerm[]): GradientTerm {
  const drifts = terms.flatMap(({ drift }) => (drift === undefined ? [] : [drift]))
  const pull = terms.reduce((sum, term) => sum + term.pull, 0)
  if (drifts.length === 0) return { pull }
  return { pull, drift: drifts[0]!.map((_, i) => drifts.reduce((sum, drift) => sum + drift[i]!, 0)) }
}

/** Whether it has a drift, which a run's Plans must know beforehand. */
export function drifts({ drift, volunteerSlots, down }: Correction): boolean {
  const none = (names: readonly string[]): Memory => Object.fromEntries(names.map((name) => [name, new Float32Array(0)]))
  return drift(none(volunteerSlots), none(down)) !== undefined
}
