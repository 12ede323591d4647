// What of a coordinator's state a checkpoint keeps: all that the log so far says, and beside it what only this life has
// seen (counters, measured speeds). Leases, connections and whatever is under way belong to a life and end with it.
import type { RefusalCode } from '../../src/wire/messages.ts'
import { createEpoch } from './epochs.ts'
import { giveBack, type Pool, type Range } from './pool.ts'
import { createVolunteer, initialState, type CoordinatorState, type EpochState, type EvaluationSummary, type PendingUpdate, type Round, type Settings, type Totals, type VolunteerState } from './state.ts'

type DurableVolunteer = Pick<VolunteerState, 'id' | 'number' | 'adapter' | 'speed' | 'trials' | 'bandwidth' | 'reliability' | 'shards' | 'acceptedLeases' | 'refusedLeases' | 'lostLeases' | 'examples' | 'lastUpdate' | 'bytesUp'>
type DurableRound = Pick<Round, 'epoch' | 'examples' | 'accepted' | 'leases' | 'totalWeight' | 'participants'>

export interface DurableState {
  readonly incarnation: number
  readonly control: CoordinatorState['control']
  readonly controlReason: string
  readonly finished: boolean
  readonly version: number
  readonly modelHash: string
  /** Free ranges of each shard, and accepted examples: the data cursor. */
  readonly epochs: readonly { readonly epoch: number; readonly free: readonly (readonly Range[])[]; readonly accepted: number }[]
  readonly epochsOpened: number
  readonly round?: DurableRound
  readonly pending: readonly PendingUpdate[]
  readonly volunteers: readonly DurableVolunteer[]
  readonly volunteersSeen: number
  readonly forgotten: Totals
  readonly lastOfParts: Readonly<Record<number, string>>
  readonly lastEvaluation?: EvaluationSummary
  readonly examples: number
  readonly versionExamples: number
  readonly accepted: number
  readonly expired: number
  readonly refused: Partial<Record<RefusalCode, number>>
  readonly clampedElements: number
  readonly staleness: readonly number[]
  readonly rechecks: { readonly done: number; readonly disagreed: number }
  readonly bytesUp: number
  readonly seconds: number
}

export function toDurable(state: CoordinatorState): DurableState {
  const { incarnation, control, controlReason, finished, version, modelHash, pending, volunteersSeen, forgotten, lastOfParts, lastEvaluation } = state
  const { examples, versionExamples, accepted, expired, refused, clampedElements, staleness, rechecks, bytesUp, seconds } = state
  const epochs = state.epochs.map((epoch) => ({ epoch: epoch.epoch, free: withLeased(state, epoch), accepted: epoch.accepted }))
  // Begun for a lease whose update is not here yet: the log does not know of it.
  const early = epochs.length > 1 && epochs.at(-1)!.accepted === 0 ? 1 : 0
  return {
    incarnation, control, controlReason, finished, version, modelHash, pending, volunteersSeen, forgotten, lastOfParts,
    epochs: epochs.slice(0, epochs.length - early), epochsOpened: state.epochsOpened - early,
    ...(state.round === undefined ? {} : { round: durableRound(state.round) }),
    volunteers: Object.values(state.volunteers).map(durableVolunteer),
    ...(lastEvaluation === undefined ? {} : { lastEvaluation }),
    examples, versionExamples, accepted, expired, refused, clampedElements, staleness, rechecks, bytesUp, seconds,
  }
}

export function fromDurable(settings: Settings, durable: DurableState): CoordinatorState {
  const { round, epochs, volunteers, ...rest } = structuredClone(durable) as DurableState
  const state = { ...initialState(settings), ...(rest as Omit<CoordinatorState, 'settings' | 'round' | 'epochs' | 'volunteers'>) }
  state.epochs = epochs.map(({ epoch, free, accepted }): EpochState => {
    const freeExamples = free.flat().reduce((sum, { count }) => sum + count, 0)
    return { ...createEpoch(settings, epoch), free: free as Range[][], freeExamples, accepted }
  })
  if (round !== undefined) state.round = { ...round, leases: [...round.leases], outstanding: 0, openedMs: undefined, closing: false }
  state.plannedVersion = state.version + (settings.schedule.type === 'asynchronous' ? state.pending.length : 0)
  for (const volunteer of volunteers) state.volunteers[volunteer.id] = { ...createVolunteer(volunteer.id, volunteer.number, 0), ...volunteer }
  return state
}

/** Free ranges of an epoch as if its live leases had ended. */
function withLeased({ leases }: CoordinatorState, epoch: EpochState): readonly (readonly Range[])[] {
  const pool: Pool = { ...epoch, free: epoch.free.map((ranges) => ranges.map((range) => ({ ...range }))) }
  const works = new Map(Object.values(leases).filter(({ kind, epoch: of }) => kind === 'train' && of === epoch.epoch).map(({ work, slices }) => [work, slices]))
  for (const slices of works.values()) giveBack(pool, slices)
  return pool.free
}

const durableRound = ({ epoch, examples, accepted, leases, totalWeight, participants }: Round): DurableRound =>
  ({ epoch, examples, accepted, leases, totalWeight, ...(participants === undefined ? {} : { participants }) })

const durableVolunteer = ({ id, number, adapter, speed, trials, bandwidth, reliability, shards, acceptedLeases, refusedLeases, lostLeases, examples, lastUpdate, bytesUp }: VolunteerState): DurableVolunteer =>
  ({ id, number, adapter, speed, trials, bandwidth, reliability, shards, acceptedLeases, refusedLeases, lostLeases, examples, lastUpdate, bytesUp })
