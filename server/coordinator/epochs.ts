// Which training examples are still to do: one pool an epoch, its shards in a seeded order. A volunteer is given the
// shards that it already has, then shards that nobody else is working through.
import { present } from '../../src/base/errors.ts'
import { createRng, permutation } from '../../src/base/rng.ts'
import { drawCohort } from '../../src/fed/cohort.ts'
import type { Slice } from '../../src/wire/messages.ts'
import { createPool, type Pool } from './pool.ts'
import type { CoordinatorState, EpochState, Settings, VolunteerState } from './state.ts'

export function createEpoch(settings: Settings, epoch: number): EpochState {
  const order = [...permutation(createRng(`shards/${settings.seed}/${epoch}`), settings.shards.train.length)]
  const drawn = drawnParts(settings, epoch)?.flatMap((part) => present(settings.parts?.[part], `part ${part}`))
  const shards = settings.shards.train.map((examples, shard) => (drawn === undefined || drawn.includes(shard) ? examples : 0))
  return { epoch, ...createPool(shards, order) }
}

/** Parts of the data that take part in round number `round`, from 0 on. Undefined where a round takes from all there is. */
export function drawnParts({ schedule, parts, seed }: Settings, round: number): readonly number[] | undefined {
  if (schedule.type !== 'cohort' || parts === undefined) return undefined
  return drawCohort({ seed, round, parts: parts.length, participants: schedule.participants ?? parts.length, overSelection: schedule.overSelection })
}

/** Examples of a round: those `wanted`, or all that are left where they would not be enough updates for a round of their own. */
export function withRemainder({ minUpdates, batchSize, schedule }: Settings, left: number, wanted: number): number {
  const perUpdate = schedule.type === 'cohort' ? schedule.examplesPerLease ?? 1 : batchSize
  return left - wanted <= (minUpdates - 1) * perUpdate ? left : Math.min(left, wanted)
}

/** Number of the part that a lease is. Undefined where the data are not divided. */
export function partOf({ parts }: Settings, slices: readonly Slice[]): number | undefined {
  const part = parts?.findIndex((shards) => shards.includes(slices[0]!.shard))
  return part === undefined || part === -1 ? undefined : part
}

/** Size and shards of the part that the first of these shards belongs to. */
export function wholePart({ parts = [], shards }: Settings, [shard = NaN]: Iterable<number>): [count: number, shards: readonly number[]] {
  const part = present(parts.find((each) => each.includes(shard)), `part of shard ${shard}`)
  return [part.reduce((sum, each) => sum + present(shards.train[each], 'shard'), 0), part]
}

/** The pool of an epoch, begun if it is the next one. */
export function epochOf(state: CoordinatorState, epoch: number): EpochState {
  if (epoch === state.epochsOpened) beginEpoch(state)
  return present(state.epochs.find((pool) => pool.epoch === epoch), `epoch ${epoch}`)
}

export function beginEpoch(state: CoordinatorState): void {
  state.epochs.push(createEpoch(state.settings, state.epochsOpened))
  state.epochsOpened++
}

/** Drops what is done, oldest first, and makes sure that there is an epoch to work on, while there is one left. */
export function advanceEpochs(state: CoordinatorState): void {
  while (state.epochs[0] !== undefined && state.epochs[0].accepted === state.epochs[0].total) state.epochs.shift()
  if (state.epochs.length === 0 && state.epochsOpened < state.settings.epochs) beginEpoch(state)
}

/** Shards that have free examples, best first: those the volunteer has, those nobody else has, the others. Looked for as they are asked for: a lease takes few. */
export function* shardPreference(state: CoordinatorState, volunteer: VolunteerState, split: 'train' | 'test', pool: Pool): Generator<number> {
  const own = new Set(volunteer.shards[split]), holders = state.holders[split]
  const rankOf = (shard: number): number => (own.has(shard) ? 0 : (holders[shard] ?? 0) > 0 ? 2 : 1)
  for (let rank = 0; rank <= 2; rank++) {
    for (const shard of pool.order) if (present(pool.free[shard], 'shard').length > 0 && rankOf(shard) === rank) yield shard
  }
}
