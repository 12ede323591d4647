// Evaluation of a pinned version on the whole test split, leased like training. Counts add exactly. A random sample of
// pieces is computed again on the coordinator's CPU; it does a piece alone only when no volunteer can.
import { invariant } from '../../src/base/errors.ts'
import { ceilDiv } from '../../src/base/math.ts'
import type { EvaluationResult, Metrics, Slice } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { shardPreference } from './epochs.ts'
import { measure } from './expectations.ts'
import { closeLease, findLease, GRACE_MS, grantLease, idleVolunteers, noteIdleness, ownVolunteer, type Refusal } from './leases.ts'
import { sizeOf, take } from './pool.ts'
import { countRefusal, refuseLease, tellRefused } from './refusals.ts'
import { evaluationPool, type CoordinatorState, type EvaluationState, type LeaseState, type VolunteerState } from './state.ts'
import { activeVolunteers, isActive } from './volunteers.ts'

/** A piece takes about this long, and is never larger: a few hundred examples are quickly computed again. */
const PIECE_MS = 1_000
const LARGEST_PIECE = 512
/** Examples that the coordinator evaluates at once when it is alone. */
const OWN_PIECE = 256
/** Losses are added in this unit, so that their sum is exact in any order. */
const LOSS_UNIT = 2 ** -20
/** How far a volunteer may be from our own result: one example in 200, and a thousandth of the mean loss. */
const CORRECT_TOLERANCE = 1 / 200
const LOSS_TOLERANCE = 1e-3

/** Opens an evaluation of the current version. */
export function openEvaluation(state: CoordinatorState): void {
  state.evaluation = {
    number: ++state.evaluationCount, modelVersion: state.version, modelHash: state.modelHash, atExamples: state.versionExamples,
    pool: evaluationPool(state.settings), lossUnits: 0, correct: 0, barred: [], alone: false, closing: false,
  }
}

/** One at a time: a newer one waits until the last is done, and is then of the newest version. */
export function isEvaluationDue(state: CoordinatorState): boolean {
  if (state.evaluation !== undefined || state.control === 'stopped' || state.finished) return false
  if (state.settings.shards.test.length === 0 || state.lastEvaluation?.modelVersion === state.version) return false
  const { everyExamples } = state.settings.evaluation
  const last = state.lastEvaluation?.atExamples ?? 0
  return Math.floor(state.versionExamples / everyExamples) > Math.floor(last / everyExamples) || isTrainingDone(state)
}

export const isTrainingDone = (state: CoordinatorState): boolean => state.epochs.length === 0 && state.round === undefined && state.pending.length < Math.max(1, state.settings.minUpdates)

export function grantEvaluation(state: CoordinatorState, context: StepContext): void {
  const { evaluation } = state
  if (evaluation === undefined) return
  const isBarred = ({ id }: VolunteerState): boolean => evaluation.barred.includes(id)
  const idle = idleVolunteers(state, context.now, { ...state.idle, ...state.awaiting }).filter((volunteer) => !isBarred(volunteer))
  if (idle.length === 0) {
    if (!someActive(state, context.now, isBarred)) evaluateAlone(state, context, evaluation)
    return
  }
  const able = activeVolunteers(state, context.now).filter((volunteer) => !isBarred(volunteer)).length
  for (const volunteer of idle) {
    if (evaluation.pool.freeExamples === 0) return
    const speed = volunteer.speed.evaluate || volunteer.speed.train
    const fairShare = ceilDiv(evaluation.pool.total, 2 * able)
    const piece = speed === 0 ? state.settings.batchSize : Math.min((speed * PIECE_MS) / 1000, fairShare, LARGEST_PIECE)
    const count = ceilDiv(piece, state.settings.batchSize) * state.settings.batchSize
    const slices = take(evaluation.pool, count, shardPreference(state, volunteer, 'test', evaluation.pool))
    grantLease(state, context, { volunteer, kind: 'evaluate', epoch: evaluation.number, slices, modelVersion: evaluation.modelVersion, modelHash: evaluation.modelHash })
  }
}

/** Whether any other is there, without looking through all where the first one is. */
function someActive({ volunteers }: CoordinatorState, now: number, except: (volunteer: VolunteerState) => boolean): boolean {
  for (const id in volunteers) if (isActive(volunteers[id]!, now) && !except(volunteers[id]!)) return true
  return false
}

function evaluateAlone(state: CoordinatorState, context: StepContext, evaluation: EvaluationState): void {
  const lastSeen = Math.max(...Object.values(state.volunteers).map(({ connected, wantsWork, leaseId, disconnectedMs, id }) => (connected && (wantsWork || leaseId !== undefined) && !evaluation.barred.includes(id) ? context.now : disconnectedMs)))
  if (evaluation.alone || context.now - lastSeen < GRACE_MS) return
  evaluation.alone = true
  const slices = take(evaluation.pool, OWN_PIECE, evaluation.pool.order)
  context.effects.push({ type: 'evaluate', evaluation: evaluation.number, modelHash: evaluation.modelHash, slices })
}

/** A volunteer's answer to an evaluation lease. */
export function receiveEvaluation(state: CoordinatorState, context: StepContext, volunteerId: string, message: EvaluationResult): void {
  const lease = findLease(state, volunteerId, message)
  if ('code' in lease) {
    countRefusal(state, volunteerId, lease.code)
    return tellRefused(context, volunteerId, message, lease)
  }
  if (lease.stage !== 'granted') return refuseAnswer(state, context, lease, { code: 'duplicate', message: `lease ${lease.id}: has an answer already.` }, false)
  const refusal = judgeAnswer(lease, message)
  if (refusal !== undefined) return refuseAnswer(state, context, lease, refusal, true)
  const volunteer = ownVolunteer(state, volunteerId)
  if (volunteer !== undefined) measure(state, lease, { computeMs: message.computeMs, computedMs: context.now })
  lease.report = { metrics: message.metrics, computeMs: message.computeMs, payloadHash: '', payloadBytes: 0 }
  if (context.rng.uniform() < state.settings.evaluation.recheckFraction) {
    lease.stage = 'rechecking'
    // Our CPU may be slow; its volunteer need not wait for it.
    if (volunteer !== undefined) {
      volunteer.leaseId = undefined
      noteIdleness(state, volunteer, volunteer.idleSinceMs)
    }
    context.effects.push({ type: 'recheck', leaseId: lease.id, modelHash: lease.modelHash, slices: lease.slices.map((slice) => ({ ...slice })) })
    return
  }
  acceptAnswer(state, context, lease, message.metrics)
}

function refuseAnswer(state: CoordinatorState, context: StepContext, lease: LeaseState, refusal: Refusal, ends: boolean): void {
  if (ends) refuseLease(state, context, lease, refusal.code)
  else countRefusal(state, lease.volunteerId, refusal.code)
  tellRefused(context, lease.volunteerId, { leaseId: lease.id, grant: lease.grant }, refusal)
}

function judgeAnswer(lease: LeaseState, { modelVersion, metrics }: EvaluationResult): Refusal | undefined {
  if (lease.kind !== 'evaluate') return { code: 'malformed', message: `lease ${lease.id}: must be answered by an update, got an evaluation.` }
  if (modelVersion !== lease.modelVersion) return { code: 'wrong-version', message: `modelVersion: must be ${lease.modelVersion}, got ${modelVersion}.` }
  if (metrics.examples !== lease.numExamples || metrics.correct > metrics.examples) {
    return { code: 'malformed', message: `metrics: must count ${lease.numExamples} examples, got ${metrics.examples} with ${metrics.correct} correct.` }
  }
  // A sum of losses this large could not be added exactly, and no model that learns has it.
  return Math.abs(metrics.lossSum) < 2 ** 32 ? undefined : { code: 'implausible', message: `lossSum: must be below 2^32, got ${metrics.lossSum}.` }
}

/** Our own result for a piece is here. */
export function rechecked(state: CoordinatorState, context: StepContext, leaseId: string, truth: { readonly lossSum: number; readonly correct: number }): void {
  const lease = state.leases[leaseId]
  state.rechecks.done++
  if (lease?.report === undefined) return
  if (agrees(lease.report.metrics, truth)) return acceptAnswer(state, context, lease, lease.report.metrics)
  state.rechecks.disagreed++
  state.evaluation?.barred.push(lease.volunteerId)
  const { metrics } = lease.report
  refuseAnswer(state, context, lease, { code: 'implausible', message: `metrics: must agree with our own ${truth.correct} correct and loss sum ${truth.lossSum}, got ${metrics.correct} and ${metrics.lossSum}.` }, true)
}

export function agrees(claimed: Metrics, truth: { readonly lossSum: number; readonly correct: number }): boolean {
  const correctOff = Math.abs(claimed.correct - truth.correct)
  const meanLoss = truth.lossSum / claimed.examples
  const lossOff = Math.abs(claimed.lossSum / claimed.examples - meanLoss)
  return correctOff <= Math.ceil(claimed.examples * CORRECT_TOLERANCE) && lossOff <= LOSS_TOLERANCE * Math.max(1, Math.abs(meanLoss))
}

function acceptAnswer(state: CoordinatorState, context: StepContext, lease: LeaseState, metrics: Metrics): void {
  closeLease(state, lease, 'accepted')
  const volunteer = ownVolunteer(state, lease.volunteerId)
  if (volunteer !== undefined) {
    volunteer.failures = 0
    volunteer.acceptedLeases++
  }
  if (state.evaluation?.number === lease.epoch) count(state, context, state.evaluation, metrics)
  context.effects.push({ type: 'send', volunteerId: lease.volunteerId, message: { type: 'result', leaseId: lease.id, grant: lease.grant, accepted: true } })
}

/** A piece that the coordinator did itself. */
export function receiveOwn(state: CoordinatorState, context: StepContext, number: number, slices: readonly Slice[], truth: { readonly lossSum: number; readonly correct: number }): void {
  const { evaluation } = state
  if (evaluation?.number !== number) return
  evaluation.alone = false
  count(state, context, evaluation, { ...truth, examples: sizeOf(slices) })
}

function count(state: CoordinatorState, context: StepContext, evaluation: EvaluationState, metrics: Metrics): void {
  evaluation.pool.accepted += metrics.examples
  evaluation.correct += metrics.correct
  evaluation.lossUnits += Math.round(metrics.lossSum / LOSS_UNIT)
  const { pool, correct, lossUnits } = evaluation
  invariant(pool.accepted <= pool.total && !evaluation.closing, `evaluation: must count ${pool.total} examples once, got ${pool.accepted}.`)
  if (pool.accepted < pool.total) return
  evaluation.closing = true
  context.effects.push({
    type: 'persist',
    record: {
      type: 'evaluation', modelVersion: evaluation.modelVersion, hash: evaluation.modelHash, atExamples: evaluation.atExamples,
      loss: (lossUnits * LOSS_UNIT) / pool.total, accuracy: correct / pool.total, examples: pool.total, seconds: state.seconds,
    },
  })
}
