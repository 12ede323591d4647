// Synchronous schedule: a round is a fixed number of examples at one model version. It closes when all are accepted, or
// at its deadline with a quorum; what is missing then goes back to the epoch.
import { present } from '../../src/base/errors.ts'
import { createHeap } from '../../src/base/heap.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import { grantCohort, openCohort } from './cohorts.ts'
import type { StepContext } from './effects.ts'
import { shardPreference, withRemainder } from './epochs.ts'
import { belief, countOutcome, endTrial, onTrial, riskMs, transferMs } from './expectations.ts'
import { grantLease, isIdle, revokeLease } from './leases.ts'
import { take } from './pool.ts'
import type { CoordinatorState, LeaseState, Round, VolunteerState } from './state.ts'
import { undrafted } from './undrafted.ts'
import { activeVolunteers } from './volunteers.ts'

/** Speed assumed of whoever is on trial, where nobody else is known either, examples per second. */
const GUESSED_SPEED = 100

/** The next round, from what its epoch has left. Undefined when training is done. Same live as when replayed. */
export function openRound(state: CoordinatorState): Round | undefined {
  const { schedule } = state.settings
  const epoch = state.epochs[0]
  if (epoch === undefined || !inRounds(schedule)) return undefined
  if (schedule.type === 'cohort') return openCohort(state, epoch)
  const examples = withRemainder(state.settings, epoch.total - epoch.accepted, schedule.examplesPerRound)
  return { epoch: epoch.epoch, examples, outstanding: 0, accepted: 0, leases: [], totalWeight: 0, openedMs: undefined, closing: false }
}

/** Whether all is accepted, or the deadline has passed with a quorum. */
export function isRoundOver(state: CoordinatorState, now: number): boolean {
  const { round, settings: { schedule } } = state
  if (round === undefined || round.closing || !inRounds(schedule)) return false
  const late = round.openedMs !== undefined && now - round.openedMs >= schedule.deadlineMs
  if (!isComplete(round) && !(late && isQuorum(state, round))) return false
  // What is already on its way to the disk will be accepted, so it belongs to this round.
  return !Object.values(state.leases).some(({ kind, stage }) => kind === 'train' && stage === 'persisting')
}

const isComplete = ({ accepted, examples, leases, participants = Infinity }: Round): boolean => accepted >= examples || leases.length >= participants

function isQuorum({ settings: { schedule, minUpdates } }: CoordinatorState, { accepted, examples, leases, participants }: Round): boolean {
  if (!inRounds(schedule) || leases.length < Math.max(1, minUpdates)) return false
  return participants === undefined ? accepted >= schedule.quorum * examples : leases.length >= schedule.quorum * participants
}

/** Takes back what is still out, and makes the next version of what is in. */
export function closeRound(state: CoordinatorState, context: StepContext): void {
  const round = present(state.round, 'open round')
  for (const lease of Object.values(state.leases)) {
    if (lease.kind !== 'train') continue
    state.expired++
    const volunteer = state.volunteers[lease.volunteerId]
    if (volunteer !== undefined) {
      volunteer.lostLeases++
      // Somebody slow is known to be slow; of whoever is still on trial nothing good is known.
      if (!volunteer.connected || onTrial(volunteer, 'train')) countOutcome(volunteer, false)
      endTrial(volunteer, 'train')
    }
    revokeLease(state, context, lease, 'expired')
  }
  round.closing = true
  state.plannedVersion = state.version + 1
  context.effects.push({ type: 'apply', version: state.version + 1, leases: [...round.leases], scaleUnits: 1024 })
}

export const hasRoundWork = ({ round }: CoordinatorState): boolean => round !== undefined && !round.closing && round.examples > round.accepted + round.outstanding

/** Cuts what is not leased yet among the idle volunteers. */
export function grantRound(state: CoordinatorState, context: StepContext): void {
  if (state.settings.schedule.type === 'cohort') return grantCohort(state, context)
  const round = present(state.round, 'open round')
  const before = undrafted(state)
  const active = activeVolunteers(before, context.now)
  const shares = shareOut(before, active, round.examples - round.accepted - round.outstanding, context.now)
  for (const sharer of active) {
    const share = shares.get(sharer.id) ?? 0
    if (share === 0 || !isIdle(sharer, context.now)) continue
    const volunteer = present(state.volunteers[sharer.id], `volunteer ${sharer.id}`)
    const pool = present(state.epochs.find(({ epoch }) => epoch === round.epoch), `epoch ${round.epoch}`)
    const slices = take(pool, share, shardPreference(state, volunteer, 'train', pool))
    const lease = grantLease(state, context, { volunteer, kind: 'train', epoch: round.epoch, slices, modelVersion: state.version, modelHash: state.modelHash })
    round.outstanding += lease.numExamples
    round.openedMs ??= context.now
  }
}

/**
 * Batches to volunteers, each to whoever would be done with it first, so that all are done at about the same time.
 * Shares of volunteers that are busy stay in the round until they are idle. Returns examples by volunteer.
 */
export function shareOut(state: CoordinatorState, active: readonly VolunteerState[], examples: number, now: number): Map<string, number> {
  const { batchSize } = state.settings
  const shares = new Map<string, number>()
  const typical = typicalSpeed(active)
  const idlers = active.filter(({ leaseId }) => leaseId === undefined)
  const until = idlers.length < active.length ? now : Math.max(...idlers.map(({ idleSinceMs }) => idleSinceMs))
  const runners = [...active].sort((a, b) => a.lastGrantMs - b.lastGrantMs || (a.id < b.id ? -1 : 1)).map((volunteer) => {
    const isTrial = onTrial(volunteer, 'train')
    const batchMs = (batchSize / (isTrial ? typical : volunteer.speed.train)) * 1000
    // Whatever it is given, the model comes first and the update last; and it may not come at all.
    const besidesMs = (isTrial ? 0 : transferMs(state.settings, volunteer, 'train')) + riskMs(volunteer)
    const believed = belief(volunteer, { costMs: batchMs + besidesMs, idle: idlers.length, until })
    return {
      id: volunteer.id, batchMs: batchMs * believed,
      doneMs: remainingMs(volunteer.leaseId === undefined ? undefined : state.leases[volunteer.leaseId], now) + besidesMs * believed,
      // The first leases are one batch each, to learn the speed. Updates that are compared must be alike.
      room: isTrial || state.settings.seesEach ? 1 : Infinity,
    }
  })
  // Whoever would be done with another batch first; of equals, whoever has waited longest.
  const queue = createHeap(runners.map((runner, place) => ({ ...runner, place })), (a, b) => a.doneMs + a.batchMs - b.doneMs - b.batchMs || a.place - b.place)
  for (let left = examples; left > 0;) {
    const best = queue.first()
    if (best === undefined) break
    const share = Math.min(batchSize, left)
    left -= share
    shares.set(best.id, (shares.get(best.id) ?? 0) + share)
    best.doneMs += best.batchMs
    best.room--
    if (best.room > 0) queue.sinkFirst()
    else queue.removeFirst()
  }
  return shares
}

function typicalSpeed(active: readonly VolunteerState[]): number {
  const known = active.filter((volunteer) => !onTrial(volunteer, 'train')).map(({ speed }) => speed.train).sort((a, b) => a - b)
  return known[known.length >> 1] ?? GUESSED_SPEED
}

/** Time until a lease should be done. One that is overdue is believed less and less. */
export function remainingMs(lease: LeaseState | undefined, now: number): number {
  if (lease === undefined) return 0
  const elapsed = now - lease.grantedMs
  const expected = lease.expectedMs || 1000
  return elapsed < expected ? expected - elapsed : elapsed - expected
}
