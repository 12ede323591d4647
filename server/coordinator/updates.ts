// The way of one update: announced -> received -> checked -> durable -> accepted -> acknowledged. Every reason to refuse
// is decided here from metadata, but for those that need the payload's bytes, which the numeric worker reports.
import { codecs } from '../../src/codec/index.ts'
import { asynchronousWeight } from '../../src/fed/staleness.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import { PROTOCOL_VERSION, type UpdateHeader } from '../../src/wire/messages.ts'
import { tensorWeight } from '../../src/wire/tensors.ts'
import { dropTwin } from './backups.ts'
import { bufferedWeight, nextVersion } from './buffers.ts'
import type { StepContext, Verdict } from './effects.ts'
import { measure } from './expectations.ts'
import { findLease, ownVolunteer, type Refusal } from './leases.ts'
import type { AcceptedRecord } from './records.ts'
import { countRefusal, refuseLease, tellRefused } from './refusals.ts'
import type { CoordinatorState, LeaseState, Settings } from './state.ts'
import { undrafted } from './undrafted.ts'

type Judgement = { readonly lease: LeaseState } | { readonly refusal: Refusal; readonly lease?: LeaseState }

/** Before the bytes travel. Answers with a refusal, or with nothing: send them. */
export function announce(state: CoordinatorState, context: StepContext, volunteerId: string, header: UpdateHeader): void {
  const judged = judge(state, volunteerId, header)
  if ('refusal' in judged) {
    refuse(state, context, volunteerId, judged)
    context.effects.push({ type: 'answer', refused: { type: 'refused', ...judged.refusal } })
    return
  }
  judged.lease.stage = 'receiving'
  judged.lease.announcedMs = context.now
  judged.lease.expiresMs = Math.max(judged.lease.expiresMs, context.now + judged.lease.durationMs)
  context.effects.push({ type: 'answer' })
}

/** The whole payload is here. */
export function submit(state: CoordinatorState, context: StepContext, volunteerId: string, header: UpdateHeader, bytes: number): void {
  let judged = judge(state, volunteerId, header)
  if (!('refusal' in judged) && bytes !== header.payloadBytes) {
    judged = { lease: judged.lease, refusal: { code: 'wrong-size', message: `payload: must be the announced ${header.payloadBytes} bytes, got ${bytes}.` } }
  }
  state.bytesUp += bytes
  const volunteer = ownVolunteer(state, volunteerId)
  if (volunteer !== undefined) volunteer.bytesUp += bytes
  if ('refusal' in judged) {
    refuse(state, context, volunteerId, judged)
    tellRefused(context, volunteerId, header, judged.refusal)
    return
  }
  const { lease } = judged
  lease.stage = 'checking'
  lease.report = { metrics: header.metrics, computeMs: header.computeMs, payloadHash: header.payloadHash, payloadBytes: header.payloadBytes }
  const { announcedMs = context.now } = lease
  if (volunteer !== undefined) measure(state, lease, { computeMs: header.computeMs, downloadedBytes: header.downloadedBytes, computedMs: announcedMs, upload: { bytes, ms: context.now - announcedMs } })
  context.effects.push({ type: 'check', leaseId: lease.id, payloadHash: header.payloadHash })
}

function refuse(state: CoordinatorState, context: StepContext, volunteerId: string, judged: { readonly refusal: Refusal; readonly lease?: LeaseState }): void {
  if (judged.lease !== undefined) refuseLease(state, context, judged.lease, judged.refusal.code)
  else countRefusal(state, volunteerId, judged.refusal.code)
}

/** Whether an update may be taken in. A refusal that names a lease ends that lease; one that does not changes nothing. */
function judge(state: CoordinatorState, volunteerId: string, header: UpdateHeader): Judgement {
  if (header.protocolVersion !== PROTOCOL_VERSION) {
    return { refusal: { code: 'protocol-version', message: `protocolVersion: must be ${PROTOCOL_VERSION}, got ${header.protocolVersion}. Reload the page.` } }
  }
  const lease = findLease(state, volunteerId, header)
  if ('code' in lease) return { refusal: lease }
  if (lease.stage !== 'granted' && lease.stage !== 'receiving') return { refusal: { code: 'duplicate', message: `lease ${lease.id}: has an update already.` } }
  const refusal = judgeContent(state, lease, header) ?? judgeTensors(state.settings, lease, header)
  return refusal === undefined ? { lease } : { lease, refusal }
}

function judgeContent(state: CoordinatorState, lease: LeaseState, header: UpdateHeader): Refusal | undefined {
  const { settings } = state
  if (lease.kind !== 'train') return { code: 'malformed', message: `lease ${lease.id}: must be answered by an evaluation, got an update.` }
  if (header.modelVersion !== lease.modelVersion) return { code: 'wrong-version', message: `modelVersion: must be ${lease.modelVersion}, got ${header.modelVersion}.` }
  if (header.codec !== settings.codec) return { code: 'wrong-codec', message: `codec: must be "${settings.codec}", got "${header.codec}".` }
  if (header.payloadBytes > settings.payloadBytes) return { code: 'too-large', message: `payloadBytes: must be at most ${settings.payloadBytes}, got ${header.payloadBytes}.` }
  if (header.payloadBytes !== settings.payloadBytes && !codecs.get(settings.codec).variable) {
    return { code: 'wrong-size', message: `payloadBytes: must be ${settings.payloadBytes}, got ${header.payloadBytes}.` }
  }
  const { metrics, numExamples } = header
  if (numExamples !== lease.numExamples || metrics.examples !== numExamples || metrics.correct > numExamples) {
    return { code: 'malformed', message: `numExamples: must be ${lease.numExamples} in header and metrics, with no more correct, got ${numExamples}, ${metrics.examples} and ${metrics.correct} correct.` }
  }
  return judgeStaleness(state, lease)
}

function judgeStaleness(state: CoordinatorState, lease: LeaseState): Refusal | undefined {
  const { schedule } = state.settings
  if (inRounds(schedule)) return undefined
  const staleness = nextVersion(undrafted(state)) - 1 - lease.modelVersion
  if (staleness <= schedule.maxStaleness) return undefined
  return { code: 'too-stale', message: `staleness: must be at most ${schedule.maxStaleness} versions, got ${staleness}.` }
}

function judgeTensors({ tensors }: Settings, lease: LeaseState, header: UpdateHeader): Refusal | undefined {
  const fits = header.tensors.length === tensors.length && tensors.every((expected, i) => {
    const got = header.tensors[i]!
    return got.name === expected.name && got.role === expected.role && got.size === expected.size && got.weight === tensorWeight(expected, lease.numExamples)
  })
  return fits ? undefined : { code: 'wrong-tensors', message: `tensors: must be the model's ${tensors.length} in order, each weighted by ${lease.numExamples} examples.` }
}

/** The payload's verdict is here: an update that passed gets its place in the log, which is the order of acceptance. */
export function checked(state: CoordinatorState, context: StepContext, leaseId: string, verdict: Verdict): void {
  const lease = state.leases[leaseId]
  if (lease === undefined || lease.report === undefined) {
    // Its round closed, or the run was paused, while it was being checked.
    countRefusal(state, undefined, 'expired')
    context.effects.push({ type: 'discard', leaseId })
    return
  }
  const refusal = verdict.ok ? judgeStaleness(state, lease) : verdict
  if (refusal !== undefined || !verdict.ok) {
    const { code, message } = refusal as Refusal
    refuseLease(state, context, lease, code)
    tellRefused(context, lease.volunteerId, { leaseId, grant: lease.grant }, { code, message })
    context.effects.push({ type: 'discard', leaseId })
    return
  }
  const record = acceptedRecord(state, lease, verdict.clampedElements)
  lease.stage = 'persisting'
  state.persisting.push(lease.id)
  lease.joins = lease.modelVersion + record.staleness + 1
  dropTwin(state, context, lease)
  state.nonFiniteInRow = 0
  context.effects.push({ type: 'persist', record })
  state.plannedVersion += state.settings.schedule.type === 'asynchronous' ? 1 : 0
}

function acceptedRecord(state: CoordinatorState, lease: LeaseState, clampedElements: number): AcceptedRecord {
  const { schedule } = state.settings
  const { metrics, payloadHash, payloadBytes } = lease.report!
  const staleness = inRounds(schedule) ? 0 : nextVersion(undrafted(state)) - 1 - lease.modelVersion
  const weight = inRounds(schedule) ? lease.numExamples : schedule.type === 'asynchronous' ? asynchronousWeight({ ...schedule, staleness, numExamples: lease.numExamples }) : bufferedWeight(state, staleness)
  return {
    type: 'accepted', leaseId: lease.id, grant: lease.grant, incarnation: state.incarnation, volunteerId: lease.volunteerId,
    epoch: lease.epoch, slices: lease.slices.map((slice) => ({ ...slice })), numExamples: lease.numExamples, modelVersion: lease.modelVersion,
    staleness, weight, payloadHash, payloadBytes, clampedElements, metrics: { ...metrics },
  }
}
