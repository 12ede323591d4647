// The coordinator: `step(state, event, now, rng) -> { state, effects }`. Pure: same inputs, same outputs; time, chance,
// disk, network and arithmetic are outside. The rules are numbered in server/SPEC.md.
import { produce } from 'immer'
import type { Rng } from '../../src/base/rng.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import type { FromVolunteer, RunState } from '../../src/wire/messages.ts'
import { applyUpdate, endWaiting, grantAsynchronous, hasAsynchronousWork } from './asynchronous.ts'
import { grantBackups, hasBackupWork } from './backups.ts'
import { closeBuffer, isBufferDue, isSealDue, seal } from './buffers.ts'
import { control, runState } from './control.ts'
import type { Effect, Event, StepContext } from './effects.ts'
import { grantEvaluation, isEvaluationDue, isTrainingDone, openEvaluation, receiveEvaluation, rechecked, receiveOwn } from './evaluation.ts'
import { closeLease, expireLeases, findLease, hasOverdueLease, noteIdleness, orderOf, ownVolunteer, renewLease, someIdle } from './leases.ts'
import type { LogRecord } from './records.ts'
import { countUpTo } from './pending.ts'
import { countRefusal, refuseLease } from './refusals.ts'
import { applyRecord } from './replay.ts'
import { closeRound, grantRound, hasRoundWork, isRoundOver } from './rounds.ts'
import type { CheckpointPolicy, CoordinatorState } from './state.ts'
import { announce, checked, submit } from './updates.ts'
import { undrafted } from './undrafted.ts'
import { forgetIdlers, join, leave } from './volunteers.ts'

const CHECKPOINT: CheckpointPolicy = { versions: 500, bytes: 256 * 2 ** 20, ms: 60_000 }
/** Ticks come several times a second: after so long without an event the clock has jumped, or the machine slept. */
const JUMP_MS = 5_000
/** Time constant of the shown rate. */
const RATE_MS = 10_000

/** How a step changes a state. */
type Change = (state: CoordinatorState, how: (state: CoordinatorState) => void) => CoordinatorState

/** Into a new one: the old one stays as it is, and shares what is equal. */
const copied: Change = (state, how) => produce(state, (draft: CoordinatorState) => void how(draft))
/** Into itself, for a caller who alone holds it: copying the records of thousands of volunteers would cost milliseconds an event. */
export const inPlace: Change = (state, how) => {
  how(state)
  return state
}

export function step(state: CoordinatorState, event: Event, now: number, rng: Rng, change: Change = copied): { readonly state: CoordinatorState; readonly effects: readonly Effect[] } {
  const context: StepContext = { now, rng, effects: [] }
  const before = runState(state)
  const handled = change(state, (draft) => {
    passTime(draft, before, now)
    handle(draft, context, event)
  })
  // Before any grant that follows from it.
  const between = runState(handled)
  tellRunState(handled, context, before)
  const next = advance(handled, context, change)
  tellRunState(next, context, between)
  return { state: next, effects: context.effects }
}

function passTime(state: CoordinatorState, before: RunState, now: number): void {
  if (before === 'running') state.seconds += Math.max(0, now - state.lastMs) / 1000
  if (now - state.lastMs > JUMP_MS) state.jumpedMs = now
  state.lastMs = now
}

function handle(state: CoordinatorState, context: StepContext, event: Event): void {
  switch (event.type) {
    case 'opened': return resume(state, context)
    case 'tick': return forgetIdlers(state, context)
    case 'join': return join(state, context, event.hello)
    case 'leave': return leave(state, context, event.volunteerId)
    case 'message': return receive(state, context, event.volunteerId, event.message)
    case 'announce': return announce(state, context, event.volunteerId, event.header)
    case 'submit': return submit(state, context, event.volunteerId, event.header, event.bytes)
    case 'malformed': return countRefusal(state, event.volunteerId, 'malformed')
    case 'checked': return checked(state, context, event.leaseId, event.verdict)
    case 'persisted': return persisted(state, context, event.record)
    case 'disk': state.fault = event.fault; return
    case 'applied': {
      const { version, hash, leases, totalWeight } = event
      const inVersion = inRounds(state.settings.schedule) ? (state.round?.accepted ?? 0) : examplesUpTo(state, version)
      const record: LogRecord = { type: 'version', version, hash, leases, totalWeight, examples: state.versionExamples + inVersion, seconds: state.seconds }
      context.effects.push({ type: 'persist', record })
      return
    }
    case 'rechecked': return rechecked(state, context, event.leaseId, event.truth)
    case 'evaluated': return receiveOwn(state, context, event.evaluation, event.slices, event.truth)
    case 'control': return control(state, context, event.action)
  }
}

/** Examples of the pending updates that versions up to `version` are made of. */
const examplesUpTo = (state: CoordinatorState, version: number): number =>
  state.pending.slice(0, countUpTo(state, version)).reduce((sum, update) => sum + update.numExamples, 0)

/** After a restart: what had been accepted but was not yet a version becomes one. */
function resume(state: CoordinatorState, context: StepContext): void {
  // Buffers are made again when they are full.
  if (state.settings.schedule.type === 'asynchronous') for (const update of state.pending) applyUpdate(context, update.version, update)
  for (const volunteer of Object.values(state.volunteers)) volunteer.disconnectedMs = context.now
}

function receive(state: CoordinatorState, context: StepContext, volunteerId: string, message: FromVolunteer): void {
  const volunteer = ownVolunteer(state, volunteerId)
  if (volunteer === undefined || message.runId !== state.settings.runId) return countRefusal(state, volunteerId, 'unknown-run')
  switch (message.type) {
    case 'ready':
      volunteer.wantsWork = true
      noteIdleness(state, volunteer)
      return
    case 'renew': return renewLease(state, context, volunteerId, message)
    case 'release': {
      const lease = findLease(state, volunteerId, message)
      volunteer.wantsWork = false
      noteIdleness(state, volunteer)
      if ('code' in lease || (lease.stage !== 'granted' && lease.stage !== 'receiving')) return
      // As an update would be that is not finite, which its volunteer has spared us.
      if (message.nonFinite === true) return refuseLease(state, context, lease, 'non-finite')
      return closeLease(state, lease, 'released')
    }
    case 'evaluation': return receiveEvaluation(state, context, volunteerId, message)
  }
}

/** A record is on disk: it is true now. */
function persisted(state: CoordinatorState, context: StepContext, record: LogRecord): void {
  if (record.type === 'accepted') {
    const lease = state.leases[record.leaseId]
    if (lease !== undefined) closeLease(state, lease, 'accepted')
    countRate(state, record.numExamples, context.now)
  }
  // These took effect when they were decided; the record only makes them last.
  if (record.type !== 'control' && record.type !== 'forgotten') applyRecord(state, record)
  switch (record.type) {
    case 'accepted': {
      const { leaseId, grant, weight, numExamples, modelVersion, volunteerId } = record
      context.effects.push({ type: 'send', volunteerId, message: { type: 'result', leaseId, grant, accepted: true } })
      if (inRounds(state.settings.schedule)) context.effects.push({ type: 'accumulate', leaseId, addend: { weight, numExamples, modelVersion, order: orderOf(leaseId) } })
      else if (state.settings.schedule.type === 'asynchronous') applyUpdate(context, state.pending.at(-1)!.version, state.pending.at(-1)!)
      return
    }
    case 'version': return publish(state, context, record.version, record.hash)
    case 'evaluation':
      state.evaluation = undefined
      return
    case 'run': case 'incarnation': case 'volunteer': case 'control': case 'forgotten': case 'checkpoint': case 'finished': return
  }
}

function publish(state: CoordinatorState, context: StepContext, version: number, hash: string): void {
  endWaiting(state)
  for (const { id, connected } of Object.values(undrafted(state).volunteers)) {
    if (connected) context.effects.push({ type: 'send', volunteerId: id, message: { type: 'model', version, hash } })
  }
  const { versions, bytes, ms, running } = state.sinceCheckpoint
  const due = state.settings.checkpoint ?? CHECKPOINT
  if (!running && (versions >= due.versions || bytes >= due.bytes || context.now - ms >= due.ms)) {
    state.sinceCheckpoint.running = true
    context.effects.push({ type: 'checkpoint' })
  }
}

function countRate(state: CoordinatorState, examples: number, now: number): void {
  state.rate = currentRate(state, now) + examples / (RATE_MS / 1000)
  state.rateMs = now
}

/** Accepted examples per second over about the last ten seconds. */
export const currentRate = (state: CoordinatorState, now: number): number => state.rate * Math.exp(-(now - state.rateMs) / RATE_MS)

/**
 * What follows from any change: leases end, rounds close, evaluations open, idle volunteers get work, runs finish.
 * Whether there is anything to do is asked of the plain state, because looking through a draft costs far more.
 */
function advance(state: CoordinatorState, context: StepContext, apply: Change): CoordinatorState {
  const { now } = context
  let next = state
  const change = (when: boolean, how: (draft: CoordinatorState) => void): void => {
    if (when) next = apply(next, how)
  }
  change(hasOverdueLease(next, now), (draft) => expireLeases(draft, context))
  change(isRoundOver(next, now), (draft) => closeRound(draft, context))
  change(isSealDue(next, now), (draft) => seal(draft, context))
  change(isBufferDue(next), (draft) => closeBuffer(draft, context))
  change(isEvaluationDue(next), openEvaluation)
  const open = next.control === 'running' && next.fault === undefined && !next.finished && next.incarnation > 0
  change(open && next.evaluation !== undefined && next.evaluation.pool.freeExamples > 0, (draft) => grantEvaluation(draft, context))
  change(open && hasRoundWork(next) && someIdle(next, now), (draft) => grantRound(draft, context))
  change(open && someIdle(next, now) && hasBackupWork(next, now), (draft) => grantBackups(draft, context))
  change(open && hasAsynchronousWork(next) && someIdle(next, now), (draft) => grantAsynchronous(draft, context))
  change(isDone(next), (draft) => finish(draft, context))
  return next
}

function isDone(state: CoordinatorState): boolean {
  const evaluated = state.settings.shards.test.length === 0 || state.lastEvaluation?.modelVersion === state.version
  return !state.finished && !state.finishing && state.incarnation > 0 && state.evaluation === undefined && evaluated && isTrainingDone(state)
}

function finish(state: CoordinatorState, context: StepContext): void {
  state.finishing = true
  context.effects.push({ type: 'checkpoint' }, { type: 'persist', record: { type: 'finished', seconds: state.seconds } })
}

function tellRunState(state: CoordinatorState, context: StepContext, before: RunState): void {
  const now = runState(state)
  if (now === before) return
  for (const { id, connected } of Object.values(state.volunteers)) {
    if (connected) context.effects.push({ type: 'send', volunteerId: id, message: { type: 'run-state', state: now } })
  }
}
