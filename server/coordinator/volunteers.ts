// Who is there: joining, leaving, coming back, and how fast each one is.
import type { Hello } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { closeLease, findLease, ownVolunteer, volunteerOf } from './leases.ts'
import type { CoordinatorState, LeaseState, VolunteerState } from './state.ts'

/** Weight of the newest measurement. */
const NEWEST = 0.4
/** One measurement raises a speed, and a claim exceeds what was seen here, by at most this factor: a claim is not proof. */
const MAX_CHANGE = 4

export function join(state: CoordinatorState, context: StepContext, hello: Hello): void {
  const { volunteerId, holding } = hello
  const isNew = ownVolunteer(state, volunteerId) === undefined
  const volunteer = volunteerOf(state, volunteerId)
  if (isNew || !sameAdapter(volunteer.adapter, hello.adapter)) {
    volunteer.adapter = hello.adapter
    context.effects.push({ type: 'persist', record: { type: 'volunteer', volunteerId, adapter: hello.adapter } })
  }
  volunteer.connected = true
  volunteer.wantsWork = false
  const held = holding === undefined ? undefined : findLease(state, volunteerId, holding)
  const kept = held !== undefined && !('code' in held) && (held.stage === 'granted' || held.stage === 'receiving') ? held : undefined
  if (kept !== undefined) {
    kept.stage = 'granted'
    kept.expiresMs = context.now + kept.durationMs
  }
  forgetLost(state, volunteer, kept)
  context.effects.push({ type: 'answer', keepLease: kept !== undefined })
  // Its update was accepted, but the connection broke before it could hear so.
  if (holding !== undefined && held !== undefined && 'code' in held && held.code === 'duplicate') {
    context.effects.push({ type: 'send', volunteerId, message: { type: 'result', leaseId: holding.leaseId, grant: holding.grant, accepted: true } })
  }
}

const sameAdapter = (a: Hello['adapter'] | VolunteerState['adapter'], b: Hello['adapter']): boolean =>
  a.runner === b.runner && a.name === b.name && a.software === b.software

/** A lease that its volunteer no longer holds (a reloaded page) need not wait for its end. */
function forgetLost(state: CoordinatorState, volunteer: VolunteerState, kept: LeaseState | undefined): void {
  const lease = volunteer.leaseId === undefined ? undefined : state.leases[volunteer.leaseId]
  if (lease === undefined || lease === kept || (lease.stage !== 'granted' && lease.stage !== 'receiving')) return
  volunteer.lostLeases++
  closeLease(state, lease, 'released')
}

export function leave(state: CoordinatorState, context: StepContext, volunteerId: string): void {
  const volunteer = ownVolunteer(state, volunteerId)
  if (volunteer === undefined) return
  volunteer.connected = false
  volunteer.wantsWork = false
  volunteer.disconnectedMs = context.now
}

/** Takes a measurement into a volunteer's speed. Its own figure is bounded by the time that passed here. */
/** `examples` is what the lease came to (see `workOf`). */
export function measure(volunteer: VolunteerState, lease: LeaseState, { computeMs, examples, now }: { readonly computeMs: number; readonly examples: number; readonly now: number }): void {
  const old = volunteer.speed[lease.kind]
  const elapsedMs = now - lease.grantedMs
  const ms = Math.max(1, Math.min(computeMs, elapsedMs), elapsedMs / MAX_CHANGE)
  const seen = (examples / ms) * 1000
  volunteer.speed[lease.kind] = old === 0 ? seen : old + NEWEST * (Math.min(MAX_CHANGE * old, seen) - old)
}

/** Those that can be counted on for work, now or when their lease ends. */
export const activeVolunteers = (state: CoordinatorState, now: number): VolunteerState[] =>
  Object.values(state.volunteers).filter((volunteer) => volunteer.connected && volunteer.wantsWork && volunteer.restUntilMs <= now)

/** Forgets, after a while, those who came, gave nothing and went. */
export function forgetIdlers(state: CoordinatorState, now: number): void {
  for (const volunteer of Object.values(state.volunteers)) {
    const idle = !volunteer.connected && volunteer.leaseId === undefined && volunteer.acceptedLeases === 0
    if (idle && now - volunteer.disconnectedMs > 600_000) delete state.volunteers[volunteer.id]
  }
}
