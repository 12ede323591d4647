// Who is there: joining, leaving, coming back.
import type { Hello } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { countOutcome } from './expectations.ts'
import { closeLease, findLease, GRACE_MS, noteIdleness, ownVolunteer, volunteerOf } from './leases.ts'
import type { CoordinatorState, LeaseState, VolunteerState } from './state.ts'
import { undrafted } from './undrafted.ts'

export function join(state: CoordinatorState, context: StepContext, hello: Hello): void {
  const { volunteerId, holding } = hello
  const isNew = ownVolunteer(state, volunteerId) === undefined
  const volunteer = volunteerOf(state, volunteerId)
  if (isNew || !sameAdapter(volunteer.adapter, hello.adapter)) {
    volunteer.adapter = hello.adapter
    context.effects.push({ type: 'persist', record: { type: 'volunteer', volunteerId, adapter: hello.adapter } })
  }
  setConnected(state, volunteer, true)
  volunteer.wantsWork = false
  noteIdleness(state, volunteer)
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
  countOutcome(volunteer, false)
  closeLease(state, lease, 'released')
}

export function leave(state: CoordinatorState, context: StepContext, volunteerId: string): void {
  const volunteer = ownVolunteer(state, volunteerId)
  if (volunteer === undefined) return
  setConnected(state, volunteer, false)
  volunteer.wantsWork = false
  noteIdleness(state, volunteer)
  volunteer.disconnectedMs = context.now
  state.overdueMs = Math.min(state.overdueMs, context.now + GRACE_MS)
}

/** Keeps count, so that no event has to look through all volunteers. */
function setConnected(state: CoordinatorState, volunteer: VolunteerState, connected: boolean): void {
  if (volunteer.connected === connected) return
  volunteer.connected = connected
  const one = connected ? 1 : -1
  state.connected += one
  for (const split of ['train', 'test'] as const) for (const shard of volunteer.shards[split]) state.holders[split][shard] = (state.holders[split][shard] ?? 0) + one
}

/** Those that can be counted on for work, now or when their lease ends; as this part of the step found them. */
export const activeVolunteers = (state: CoordinatorState, now: number): VolunteerState[] =>
  Object.values(undrafted(state.volunteers)).filter((volunteer) => isActive(volunteer, now))

export const isActive = ({ connected, wantsWork, restUntilMs }: VolunteerState, now: number): boolean => connected && wantsWork && restUntilMs <= now

/** How long those who went are known one by one: who gave nothing, and who did. */
const KNOWN_MS = 600_000
const CONTRIBUTOR_KNOWN_MS = 24 * 3_600_000
/** Beyond so many, those who went first are forgotten earlier. */
const MOST_GONE = 1_000

/** Whoever has been gone for long becomes part of a total, so that a long run does not carry everybody who ever came. */
export function forgetIdlers(state: CoordinatorState, context: StepContext): void {
  const volunteerIds = longGone(undrafted(state), context.now)
  if (volunteerIds.length === 0) return
  // At once, as whoever of them comes back after this record is new.
  forget(state, volunteerIds)
  context.effects.push({ type: 'persist', record: { type: 'forgotten', volunteerIds } })
}

function longGone({ volunteers }: CoordinatorState, now: number): readonly string[] {
  const gone = Object.values(volunteers).filter(({ connected, leaseId }) => !connected && leaseId === undefined).sort((a, b) => a.disconnectedMs - b.disconnectedMs)
  const tooMany = gone.length - MOST_GONE
  return gone.filter(({ acceptedLeases, disconnectedMs }, i) => i < tooMany || now - disconnectedMs > (acceptedLeases === 0 ? KNOWN_MS : CONTRIBUTOR_KNOWN_MS)).map(({ id }) => id)
}

export function forget(state: CoordinatorState, volunteerIds: readonly string[]): void {
  for (const id of volunteerIds) {
    const volunteer = ownVolunteer(state, id)
    if (volunteer === undefined) continue
    const { acceptedLeases, examples, bytesUp } = volunteer
    delete state.volunteers[id]
    state.forgotten.volunteers++
    state.forgotten.acceptedLeases += acceptedLeases
    state.forgotten.examples += examples
    state.forgotten.bytesUp += bytesUp
  }
}
