// The version in the making, as people see it: a round that fills, a buffer, a tick that comes nearer.
import { inRounds } from '../../src/fed/strategy.ts'
import type { NextVersion } from '../../src/wire/dashboard.ts'
import { isTrainingDone } from './evaluation.ts'
import type { CoordinatorState, LeaseState } from './state.ts'

/** Undefined where there is nothing left to train. */
export function nextVersionStatus(state: CoordinatorState, now: number): NextVersion | undefined {
  const { settings: { schedule }, round, pending, sealedMs } = state
  if (inRounds(schedule)) {
    if (round === undefined) return undefined
    const { accepted, outstanding, examples, leases, participants, openedMs } = round
    const filled = participants === undefined ? { accepted, out: outstanding, wanted: examples } : { accepted: leases.length, out: trainLeases(state).length, wanted: participants }
    return { number: state.version + 1, ...filled, ageMs: openedMs === undefined ? 0 : now - openedMs, limitMs: schedule.deadlineMs }
  }
  if (isTrainingDone(state)) return undefined
  const progress = { number: state.plannedVersion + 1, accepted: pending.filter(({ version }) => version > state.plannedVersion).length, out: trainLeases(state).length }
  switch (schedule.type) {
    case 'asynchronous': return { ...progress, number: state.version + 1, accepted: 0, wanted: 1 }
    case 'buffered': return { ...progress, wanted: schedule.bufferSize }
    case 'semi-synchronous': return { ...progress, ageMs: Math.min(now - sealedMs, schedule.tickMs), limitMs: schedule.tickMs }
  }
}

/** Parts of the data that are being trained on. */
export function partsOut(state: CoordinatorState): readonly number[] {
  const { parts } = state.settings
  if (parts === undefined) return []
  return trainLeases(state).map(({ slices }) => parts.findIndex((part) => part.includes(slices[0]?.shard ?? -1)))
}

const trainLeases = ({ leases }: CoordinatorState): readonly LeaseState[] => Object.values(leases).filter(({ kind }) => kind === 'train')
