// Asynchronous schedule: whoever is idle gets work at the newest version, and each accepted gradient makes the next one.
import { present } from '../../src/base/errors.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import type { StepContext } from './effects.ts'
import { beginEpoch, shardPreference, wholePart } from './epochs.ts'
import { transferMs } from './expectations.ts'
import { grantLease, idleVolunteers, noteIdleness, orderOf } from './leases.ts'
import { take } from './pool.ts'
import type { CoordinatorState, EpochState, PendingUpdate, Settings, VolunteerState } from './state.ts'
import { undrafted } from './undrafted.ts'
import { activeVolunteers } from './volunteers.ts'

/** Grants work to every idle volunteer while there is some. */
export function grantAsynchronous(state: CoordinatorState, context: StepContext): void {
  const { schedule } = state.settings
  if (inRounds(schedule)) return
  let fastest: number | undefined
  const fastestSpeed = (): number => (fastest ??= fastestOf(state, context.now))
  for (const idle of idleVolunteers(state, context.now)) {
    if (awaitsItsVersion(state, idle)) {
      delete state.idle[idle.id]
      state.awaiting[idle.id] = true
      continue
    }
    const pool = poolWithWork(state)
    if (pool === undefined) return
    const volunteer = present(state.volunteers[idle.id], `volunteer ${idle.id}`)
    const slices = take(pool, ...portion(state, volunteer, pool, fastestSpeed))
    grantLease(state, context, { volunteer, kind: 'train', epoch: pool.epoch, slices, modelVersion: state.version, modelHash: state.modelHash })
  }
}

const fastestOf = (state: CoordinatorState, now: number): number => Math.max(...activeVolunteers(state, now).map(({ speed }) => speed.train))

/** How many examples a lease has, and of which shards: a whole part where the data are divided, as much for everybody where updates are combined as equals. */
function portion(state: CoordinatorState, volunteer: VolunteerState, pool: EpochState, fastestSpeed: () => number): [count: number, shards: Iterable<number>] {
  const { schedule, parts } = state.settings
  const preference = shardPreference(state, volunteer, 'train', pool)
  if (parts !== undefined) return wholePart(state.settings, preference)
  const largest = inRounds(schedule) ? 0 : present(schedule.examplesPerLease, 'examplesPerLease')
  return [schedule.type === 'asynchronous' ? leaseSize(state.settings, volunteer, fastestSpeed(), largest) : largest, preference]
}

/**
 * The version of its last update is being made. Work granted now would be on a model without it, for the sake of a few
 * milliseconds: every gradient would be stale by one more.
 */
const awaitsItsVersion = ({ version, plannedVersion }: CoordinatorState, { recent }: VolunteerState): boolean =>
  recent.some(({ outcome, joins = 0 }) => outcome === 'accepted' && joins > version && joins <= plannedVersion)

/** A version is made: whoever awaited it is idle. */
export function endWaiting(state: CoordinatorState): void {
  for (const id of Object.keys(undrafted(state).awaiting)) noteIdleness(state, present(state.volunteers[id], `volunteer ${id}`))
}

/** The oldest epoch that has free examples. The next one begins when all of the last are leased, so that nobody waits for its stragglers. */
function poolWithWork(state: CoordinatorState): EpochState | undefined {
  const free = state.epochs.find(({ freeExamples }) => freeExamples > 0)
  if (free !== undefined || !canBeginEpoch(state)) return free
  beginEpoch(state)
  return state.epochs.at(-1)
}

const canBeginEpoch = ({ epochs, epochsOpened, settings }: CoordinatorState): boolean => epochs.length < 2 && epochsOpened < settings.epochs

export const hasAsynchronousWork = (state: CoordinatorState): boolean =>
  !inRounds(state.settings.schedule) && (canBeginEpoch(state) || state.epochs.some(({ freeExamples }) => freeExamples > 0))

/** In proportion to speed, but worth the time that it travels; in whole batches, at most `largest`; one batch while the speed is unknown. */
export function leaseSize(settings: Settings, volunteer: VolunteerState, fastest: number, largest: number): number {
  const { batchSize } = settings, speed = volunteer.speed.train
  if (speed === 0) return Math.min(batchSize, largest)
  const worth = (speed * transferMs(settings, volunteer, 'train')) / 1000
  return Math.min(largest, Math.max(1, Math.round(Math.max(largest * (speed / fastest), worth) / batchSize)) * batchSize)
}

/** Makes the next version of an accepted update. */
export function applyUpdate(context: StepContext, version: number, { leaseId, weight, numExamples, modelVersion }: PendingUpdate): void {
  context.effects.push({ type: 'accumulate', leaseId, addend: { weight, numExamples, modelVersion, order: orderOf(leaseId) } }, { type: 'apply', version, leases: [leaseId], scaleUnits: weight })
}
