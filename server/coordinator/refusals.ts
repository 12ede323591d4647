// Saying no: counted by reason and by volunteer, and nothing else changes but that the work is free again.
import type { RefusalCode } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { closeLease, ownVolunteer, rest, type Refusal } from './leases.ts'
import type { CoordinatorState, LeaseState } from './state.ts'

/** A run whose updates are never finite has diverged; more work would not help. */
const NON_FINITE_LIMIT = 8

export function countRefusal(state: CoordinatorState, volunteerId: string | undefined, code: RefusalCode): void {
  state.refused[code] = (state.refused[code] ?? 0) + 1
  const volunteer = volunteerId === undefined ? undefined : ownVolunteer(state, volunteerId)
  if (volunteer !== undefined) volunteer.refusedLeases++
}

/** Ends a lease because of what came back for it. */
export function refuseLease(state: CoordinatorState, context: StepContext, lease: LeaseState, code: RefusalCode): void {
  countRefusal(state, lease.volunteerId, code)
  const volunteer = ownVolunteer(state, lease.volunteerId)
  // Being too slow is no fault; anything else is, and somebody else should do the work.
  if (volunteer !== undefined && code !== 'too-stale' && code !== 'not-running') rest(volunteer, context.now)
  closeLease(state, lease, 'refused')
  if (code === 'non-finite') stopDivergence(state, context)
}

function stopDivergence(state: CoordinatorState, context: StepContext): void {
  state.nonFiniteInRow++
  if (state.nonFiniteInRow < NON_FINITE_LIMIT || state.control !== 'running') return
  state.nonFiniteInRow = 0
  state.control = 'paused'
  state.controlReason = 'diverged'
  context.effects.push({ type: 'persist', record: { type: 'control', action: 'pause', reason: 'diverged' } })
}

export function tellRefused(context: StepContext, volunteerId: string, named: { readonly leaseId: string; readonly grant: number }, refusal: Refusal): void {
  const { leaseId, grant } = named
  context.effects.push({ type: 'send', volunteerId, message: { type: 'result', leaseId, grant, accepted: false, code: refusal.code, message: refusal.message } })
}
