// A lease from grant to end. Its fence is the incarnation and the grant number; its time follows the measured speed of
// its volunteer. Whatever ends it other than acceptance makes its examples free again.
import { invariant } from '../../src/base/errors.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import type { Fence, Lease, RefusalCode, Slice } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { partOf } from './epochs.ts'
import { countOutcome, endTrial, expectedMs, transferMs } from './expectations.ts'
import { giveBack, sizeOf, type Pool } from './pool.ts'
import { createVolunteer, type CoordinatorState, type LeaseState, type Outcome, type VolunteerState } from './state.ts'
import { undrafted } from './undrafted.ts'

/** Floors and factors of a lease's time: generous, because a lease that is lost costs more than one that is waited for. */
const MIN_LEASE_MS = 10_000
const FIRST_LEASE_MS = 30_000
const EXPECTED_FACTOR = 4
/** Renewals extend a lease to at most this many times its first duration. */
const MAX_RENEWALS = 10
/** Local training cannot begin with a single batch, to learn the speed: its first lease may take far longer than it was given. */
const MAX_LOCAL_RENEWALS = 40
/** A volunteer whose connection broke may come back for its lease within this time. */
export const GRACE_MS = 5_000
const RECENT_LEASES = 16
const FIRST_REST_MS = 250
const LONGEST_REST_MS = 10_000

export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
}

export interface GrantRequest {
  /** As found will do. */
  readonly volunteer: VolunteerState
  readonly kind: 'train' | 'evaluate'
  readonly epoch: number
  readonly slices: readonly Slice[]
  readonly modelVersion: number
  readonly modelHash: string
  /** Of the lease that it is a backup of. */
  readonly work?: string
}

export function grantLease(state: CoordinatorState, context: StepContext, request: GrantRequest): LeaseState {
  const { kind, slices } = request, volunteer = state.volunteers[request.volunteer.id]!
  const numExamples = sizeOf(slices)
  invariant(numExamples > 0 && volunteer.leaseId === undefined, `lease: must give examples to an idle volunteer, got ${numExamples} for ${volunteer.id}.`)
  const expected = expectedMs(state.settings, volunteer, kind, numExamples)
  const durationMs = expected > 0 ? Math.max(MIN_LEASE_MS, Math.ceil(EXPECTED_FACTOR * expected)) : Math.max(FIRST_LEASE_MS, Math.ceil(EXPECTED_FACTOR * transferMs(state.settings, volunteer, kind)))
  const grant = ++state.leaseCount
  const id = `${state.incarnation}-${grant}`
  const lease: LeaseState = {
    id, work: request.work ?? id, grant, volunteerId: volunteer.id, kind, modelVersion: request.modelVersion, modelHash: request.modelHash,
    epoch: request.epoch, slices, numExamples, grantedMs: context.now, durationMs, expectedMs: expected, expiresMs: context.now + durationMs, stage: 'granted',
  }
  state.leases[lease.id] = lease
  volunteer.leaseId = lease.id
  noteIdleness(state, volunteer)
  volunteer.lastGrantMs = context.now
  rememberShards(state, volunteer, kind, slices)
  state.overdueMs = Math.min(state.overdueMs, lease.expiresMs)
  context.effects.push({ type: 'send', volunteerId: volunteer.id, message: { type: 'grant', lease: leaseMessage(state, lease) } })
  return lease
}

/** A lease's place in the order of all leases of a run: by incarnation, then by grant, which its id is made of. */
export function orderOf(leaseId: string): number {
  const [incarnation, grant] = leaseId.split('-').map(Number)
  return incarnation! * 2 ** 32 + grant!
}

function leaseMessage(state: CoordinatorState, lease: LeaseState): Lease {
  const split = lease.kind === 'train' ? 'train' : 'test'
  return {
    runId: state.settings.runId, leaseId: lease.id, incarnation: state.incarnation, grant: lease.grant, kind: lease.kind,
    modelVersion: lease.modelVersion, modelHash: lease.modelHash,
    work: { source: 'examples', split, epoch: lease.kind === 'train' ? lease.epoch : 0, slices: lease.slices.map((slice) => ({ ...slice })) },
    numExamples: lease.numExamples, ...lastUpdates(state, lease), durationMs: lease.durationMs,
  }
}

/** Training work only: nothing is remembered of evaluations. */
function lastUpdates({ settings, volunteers, lastOfParts }: CoordinatorState, { kind, volunteerId, slices }: LeaseState): Pick<Lease, 'last'> {
  if (kind !== 'train') return {}
  const part = partOf(settings, slices), volunteer = volunteers[volunteerId]?.lastUpdate, ofPart = part === undefined ? undefined : lastOfParts[part]
  return { last: { ...(volunteer === undefined ? {} : { volunteer }), ...(ofPart === undefined ? {} : { part: ofPart }) } }
}

/** It has them in its cache now. */
export function rememberShards(state: CoordinatorState, volunteer: VolunteerState, kind: 'train' | 'evaluate', slices: readonly Slice[]): void {
  const split = kind === 'train' ? 'train' : 'test', known = volunteer.shards[split]
  for (const { shard } of slices) {
    if (known.includes(shard)) continue
    known.push(shard)
    if (volunteer.connected) state.holders[split][shard] = (state.holders[split][shard] ?? 0) + 1
  }
}

/** The live lease that a fence names, or why there is none. Nothing changes. */
export function findLease(state: CoordinatorState, volunteerId: string, fence: Fence): LeaseState | Refusal {
  if (fence.runId !== state.settings.runId) return { code: 'unknown-run', message: `runId: must be "${state.settings.runId}", got "${fence.runId}".` }
  if (fence.incarnation !== state.incarnation) {
    return { code: 'old-incarnation', message: `incarnation: must be ${state.incarnation}, got ${fence.incarnation}. The coordinator was restarted; ask for new work.` }
  }
  const lease = Object.hasOwn(state.leases, fence.leaseId) ? state.leases[fence.leaseId] : undefined
  if (lease === undefined || lease.volunteerId !== volunteerId) return endedLease(state, volunteerId, fence)
  if (lease.grant !== fence.grant) return { code: 'old-grant', message: `grant: must be ${lease.grant}, got ${fence.grant}.` }
  return lease
}

function endedLease(state: CoordinatorState, volunteerId: string, fence: Fence): Refusal {
  const ended = ownVolunteer(state, volunteerId)?.recent.find(({ leaseId }) => leaseId === fence.leaseId)
  if (ended === undefined) return { code: 'unknown-lease', message: `leaseId: must name a lease of this volunteer, got "${fence.leaseId}".` }
  if (ended.grant !== fence.grant) return { code: 'old-grant', message: `grant: must be ${ended.grant}, got ${fence.grant}.` }
  if (ended.outcome === 'accepted') return { code: 'duplicate', message: `lease ${fence.leaseId}: was accepted already.` }
  return { code: 'expired', message: `lease ${fence.leaseId}: was ${ended.outcome}; its examples were given to somebody else.` }
}

export const ownVolunteer = (state: CoordinatorState, id: string): VolunteerState | undefined =>
  Object.hasOwn(state.volunteers, id) ? state.volunteers[id] : undefined

/** The volunteer of this id, created where it is new. Ids come from strangers: only own properties count. */
export function volunteerOf(state: CoordinatorState, id: string): VolunteerState {
  return ownVolunteer(state, id) ?? (state.volunteers[id] = createVolunteer(id, ++state.volunteersSeen, state.lastMs))
}

/** The other live lease of the same work, where a round over-selects. */
export function twinOf({ settings: { schedule }, leases }: CoordinatorState, { id, work }: LeaseState): LeaseState | undefined {
  if (schedule.type !== 'synchronous' || schedule.overSelection === undefined) return undefined
  const twin = Object.values(undrafted(leases)).find((other) => other.work === work && other.id !== id && Object.hasOwn(leases, other.id))
  return twin === undefined ? undefined : leases[twin.id]
}

/** Ends a lease. Unless it was accepted, or another lease of the same work lives, its examples are free again. */
export function closeLease(state: CoordinatorState, lease: LeaseState, outcome: Outcome): void {
  delete state.leases[lease.id]
  if (lease.stage === 'persisting') state.persisting.splice(state.persisting.indexOf(lease.id), 1)
  const volunteer = ownVolunteer(state, lease.volunteerId)
  if (volunteer !== undefined) {
    if (volunteer.leaseId === lease.id) volunteer.leaseId = undefined
    if (outcome === 'accepted') countOutcome(volunteer, true)
    // Evaluating is not what it waits for.
    noteIdleness(state, volunteer, lease.kind === 'evaluate' ? volunteer.idleSinceMs : state.lastMs)
    volunteer.recent.push({ leaseId: lease.id, grant: lease.grant, kind: lease.kind, outcome, joins: lease.joins })
    if (volunteer.recent.length > RECENT_LEASES) volunteer.recent.shift()
  }
  if (twinOf(state, lease) !== undefined) return
  if (lease.kind === 'train' && state.round !== undefined) state.round.outstanding -= lease.numExamples
  if (outcome === 'accepted') return
  const pool = poolOf(state, lease)
  if (pool !== undefined) giveBack(pool, lease.slices)
}

function poolOf(state: CoordinatorState, lease: LeaseState): Pool | undefined {
  if (lease.kind === 'train') return state.epochs.find(({ epoch }) => epoch === lease.epoch)
  return state.evaluation?.number === lease.epoch ? state.evaluation.pool : undefined
}

/** Ends a lease that is no longer wanted, and tells its volunteer to stop. */
export function revokeLease(state: CoordinatorState, context: StepContext, lease: LeaseState, outcome: 'revoked' | 'expired'): void {
  closeLease(state, lease, outcome)
  context.effects.push({ type: 'send', volunteerId: lease.volunteerId, message: { type: 'revoke', leaseId: lease.id, grant: lease.grant } })
}

export function renewLease(state: CoordinatorState, context: StepContext, volunteerId: string, fence: Fence): void {
  const lease = findLease(state, volunteerId, fence)
  if ('code' in lease) {
    context.effects.push({ type: 'send', volunteerId, message: { type: 'revoke', leaseId: fence.leaseId, grant: fence.grant } })
    return
  }
  const renewals = lease.kind === 'train' && state.settings.local.type !== 'gradient' ? MAX_LOCAL_RENEWALS : MAX_RENEWALS
  if (context.now - (lease.announcedMs ?? lease.grantedMs) < renewals * lease.durationMs && !isWantedByOthers(state, context, lease)) lease.expiresMs = context.now + lease.durationMs
}

/** A round past its deadline does not wait for a slow lease while somebody else is idle. */
function isWantedByOthers(state: CoordinatorState, { now }: StepContext, lease: LeaseState): boolean {
  const { schedule } = state.settings
  if (lease.kind !== 'train' || !inRounds(schedule) || state.round?.openedMs === undefined) return false
  if (now - state.round.openedMs < schedule.deadlineMs) return false
  return someIdle(state, now)
}

export const isIdle = (volunteer: VolunteerState, now: number): boolean =>
  volunteer.connected && volunteer.wantsWork && volunteer.leaseId === undefined && volunteer.restUntilMs <= now

/** To be told whenever one of these changes: so no event has to look through all volunteers. */
export function noteIdleness(state: CoordinatorState, volunteer: VolunteerState, sinceMs = state.lastMs): void {
  const { id, connected, wantsWork, leaseId } = volunteer
  delete state.awaiting[id]
  if (!connected || !wantsWork || leaseId !== undefined) {
    delete state.idle[id]
    return
  }
  if (state.idle[id] === undefined) volunteer.idleSinceMs = sinceMs
  state.idle[id] = true
}

/** Of those that await no version, or `among` others, as this part of the step found them: whoever has waited longest first. */
export function idleVolunteers(state: CoordinatorState, now: number, among: CoordinatorState['idle'] = state.idle): VolunteerState[] {
  const { volunteers } = undrafted(state)
  const idle = Object.keys(undrafted(among)).map((id) => volunteers[id]!).filter((volunteer) => isIdle(volunteer, now))
  return idle.sort((a, b) => a.lastGrantMs - b.lastGrantMs || a.number - b.number)
}

/** Whether anybody is idle who does not await a version. */
export function someIdle(state: CoordinatorState, now: number): boolean {
  const { idle, volunteers } = undrafted(state)
  for (const id in idle) if (isIdle(volunteers[id]!, now)) return true
  return false
}

/** When a lease that nothing else ends is over. */
function overdueMs(state: CoordinatorState, lease: LeaseState): number {
  if (lease.stage !== 'granted' && lease.stage !== 'receiving') return Infinity
  const volunteer = ownVolunteer(state, lease.volunteerId)
  if (volunteer === undefined) return -Infinity
  return volunteer.connected ? lease.expiresMs : Math.min(lease.expiresMs, volunteer.disconnectedMs + GRACE_MS)
}

/** Whether one may be: before that moment none of them has to be looked at. */
export const hasOverdueLease = (state: CoordinatorState, now: number): boolean => now >= state.overdueMs

export function expireLeases(state: CoordinatorState, context: StepContext): void {
  const found = undrafted(state)
  state.overdueMs = Infinity
  for (const { id } of Object.values(found.leases)) {
    const endsMs = overdueMs(found, found.leases[id]!)
    if (context.now < endsMs) {
      state.overdueMs = Math.min(state.overdueMs, endsMs)
      continue
    }
    const lease = state.leases[id]!
    state.expired++
    const volunteer = ownVolunteer(state, lease.volunteerId)
    if (volunteer !== undefined) {
      volunteer.lostLeases++
      endTrial(volunteer, lease.kind)
      rest(volunteer, context.now)
    }
    revokeLease(state, context, lease, 'expired')
  }
}

/** A volunteer whose work fails gets none for a while, so that somebody else does it and a fault is not repeated in a tight loop. */
export function rest(volunteer: VolunteerState, now: number): void {
  volunteer.failures++
  countOutcome(volunteer, false)
  volunteer.restUntilMs = now + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (volunteer.failures - 1))
}
