// Updates outside of rounds, accepted but not yet a version: by the version that they become part of, and in the order of the log
// within it, so that those of one version are found without looking at the others.
import type { CoordinatorState, PendingUpdate } from './state.ts'

type Pending = Pick<CoordinatorState, 'pending'>

/** Hardly ever elsewhere than at the end: a tick that was being made when the coordinator was killed takes in more after the restart. */
export function addPending(state: Pending, update: PendingUpdate): void {
  state.pending.splice(countUpTo(state, update.version), 0, update)
}

/** How many are of versions up to this one. */
export function countUpTo({ pending }: Pending, version: number): number {
  let low = 0, high = pending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (pending[middle]!.version <= version) low = middle + 1
    else high = middle
  }
  return low
}

/** How many are of this version. */
export const countOf = (state: Pending, version: number): number => countUpTo(state, version) - countUpTo(state, version - 1)

/** Those of this version. */
export const pendingOf = (state: Pending, version: number): readonly PendingUpdate[] => state.pending.slice(countUpTo(state, version - 1), countUpTo(state, version))
