// Cohort schedule: a round is one lease of a fixed size for each of so many participants, or one for each part of the data
// that was drawn for it (FedAvg's clients). Other than in a synchronous round, leases do not follow speed: how far a
// volunteer trains on its own decides what its update means.
import { present } from '../../src/base/errors.ts'
import { ceilDiv } from '../../src/base/math.ts'
import type { StepContext } from './effects.ts'
import { drawnParts, shardPreference, wholePart, withRemainder } from './epochs.ts'
import { grantLease, idleVolunteers } from './leases.ts'
import { take } from './pool.ts'
import type { CoordinatorState, EpochState, Round, VolunteerState } from './state.ts'

/** The next round of a cohort, from what its epoch has left. */
export function openCohort({ settings }: CoordinatorState, epoch: EpochState): Round | undefined {
  const { schedule, parts } = settings
  if (schedule.type !== 'cohort') return undefined
  const { examplesPerLease, overSelection = 0 } = schedule
  const empty = { epoch: epoch.epoch, outstanding: 0, accepted: 0, leases: [], totalWeight: 0, openedMs: undefined, closing: false }
  if (parts !== undefined || examplesPerLease === undefined) {
    const drawn = present(drawnParts(settings, epoch.epoch), 'parts of the round')
    return { ...empty, examples: epoch.total, participants: Math.min(drawn.length, schedule.participants ?? drawn.length) }
  }
  const wanted = Math.ceil(present(schedule.participants, 'participants') * (1 + overSelection))
  const examples = withRemainder(settings, epoch.total - epoch.accepted, wanted * examplesPerLease)
  // The last round of an epoch may have fewer, or take along those that are too few for another.
  const leases = ceilDiv(examples, examplesPerLease)
  return { ...empty, examples, participants: leases > wanted ? leases : Math.min(schedule.participants!, leases) }
}

/** Gives each idle volunteer a lease of the round; first those who have had its examples before. */
export function grantCohort(state: CoordinatorState, context: StepContext): void {
  const round = present(state.round, 'open round')
  const pool = present(state.epochs.find(({ epoch }) => epoch === round.epoch), `epoch ${round.epoch}`)
  const byWait = idleVolunteers(state, context.now)
  const owns = (volunteer: VolunteerState): number => (volunteer.shards.train.some((shard) => present(pool.free[shard], 'shard').length > 0) ? 0 : 1)
  for (const volunteer of byWait.sort((a, b) => owns(a) - owns(b))) {
    if (round.examples <= round.accepted + round.outstanding) return
    const slices = take(pool, ...portion(state, volunteer, pool, round))
    const lease = grantLease(state, context, { volunteer, kind: 'train', epoch: round.epoch, slices, modelVersion: state.version, modelHash: state.modelHash })
    round.outstanding += lease.numExamples
    round.openedMs ??= context.now
  }
}

/** How many examples a lease has, and of which shards: a whole part where the data are divided. */
function portion(state: CoordinatorState, volunteer: VolunteerState, pool: EpochState, round: Round): [count: number, shards: Iterable<number>] {
  const { parts, schedule } = state.settings
  const preference = shardPreference(state, volunteer, 'train', pool)
  if (parts === undefined) {
    const largest = schedule.type === 'cohort' ? present(schedule.examplesPerLease, 'examplesPerLease') : 0
    return [Math.min(largest, round.examples - round.accepted - round.outstanding), preference]
  }
  return wholePart(state.settings, preference)
}
