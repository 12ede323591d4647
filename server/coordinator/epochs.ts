// Which training examples are still to do: one pool an epoch, its shards in a seeded order. A volunteer is given the
// shards that it already has, then shards that nobody else is working through.
import { createRng, permutation } from '../../src/base/rng.ts'
import { present } from '../../src/base/errors.ts'
import { createPool, type Pool } from './pool.ts'
import type { CoordinatorState, EpochState, Settings, VolunteerState } from './state.ts'

export function createEpoch(settings: Settings, epoch: number): EpochState {
  const shards = settings.shards.train
  return { epoch, ...createPool(shards, [...permutation(createRng(`shards/${settings.seed}/${epoch}`), shards.length)]) }
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

/** Every shard, best first: those the volunteer has, those nobody else has, the others. */
export function shardPreference(state: CoordinatorState, volunteer: VolunteerState, split: 'train' | 'test', pool: Pool): number[] {
  const own = volunteer.shards[split]
  const taken = new Set<number>()
  for (const other of Object.values(state.volunteers)) {
    if (other.connected && other.id !== volunteer.id) for (const shard of other.shards[split]) taken.add(shard)
  }
  const rank = (shard: number): number => (own.includes(shard) ? 0 : taken.has(shard) ? 2 : 1)
  const groups: number[][] = [[], [], []]
  for (const shard of pool.order) if (present(pool.free[shard], 'shard').length > 0) groups[rank(shard)]!.push(shard)
  return groups.flat()
}
