// Schedules that combine several updates without rounds: whenever a buffer is full (FedBuff: Nguyen et al. 2022, arXiv
// 2106.06639), or at every tick of whatever is there. Which version an update becomes part of is settled when it passes
// its check, so that the log can state its staleness; its addition waits until that version is made.
import { resolveStaleness } from '../../src/fed/staleness.ts'
import { weightUnits } from '../../src/fed/exact-sum.ts'
import type { StepContext } from './effects.ts'
import { orderOf } from './leases.ts'
import { countOf, countUpTo, pendingOf } from './pending.ts'
import type { CoordinatorState } from './state.ts'
import { undrafted } from './undrafted.ts'

/** Version that an update would become part of if it passed its check now. */
export function nextVersion(state: CoordinatorState): number {
  const { settings: { schedule }, plannedVersion, sealed } = state
  if (schedule.type === 'buffered') return plannedVersion + 1 + Math.floor((openUpdates(state) + state.persisting.length) / schedule.bufferSize)
  return plannedVersion + 1 + (schedule.type === 'semi-synchronous' && sealed ? 1 : 0)
}

/** Weight of an update in its version's mean. */
export function bufferedWeight({ settings: { schedule } }: CoordinatorState, staleness: number): number {
  return schedule.type === 'buffered' || schedule.type === 'semi-synchronous' ? weightUnits(resolveStaleness(schedule.weighting)(staleness)) : 0
}

const isBuffering = ({ settings: { schedule } }: CoordinatorState): boolean => schedule.type === 'buffered' || schedule.type === 'semi-synchronous'

/** Accepted updates of versions whose making has not begun. */
const openUpdates = (state: CoordinatorState): number => state.pending.length - countUpTo(state, state.plannedVersion)

/** Whether updates of this version are on their way to the disk. */
const isPersisting = ({ leases, persisting }: CoordinatorState, version: number): boolean => persisting.some((id) => leases[id]?.joins === version)

/** Whether from now on updates become part of the version after the next one. */
export function isSealDue(state: CoordinatorState, now: number): boolean {
  const { settings: { schedule, minUpdates }, sealed, sealedMs } = state
  if (schedule.type !== 'semi-synchronous' || sealed) return false
  const updates = countOf(state, state.plannedVersion + 1) + state.persisting.length
  return updates >= schedule.maxUpdates || (updates >= Math.max(1, minUpdates) && now - sealedMs >= schedule.tickMs)
}

export function seal(state: CoordinatorState, context: StepContext): void {
  state.sealed = true
  state.sealedMs = context.now
}

/** Whether the next version can be made: its buffer is full or sealed, or nothing else will come. */
export function isBufferDue(state: CoordinatorState): boolean {
  const { settings: { schedule, minUpdates }, sealed, plannedVersion } = state
  if (!isBuffering(state) || state.pending.length === 0) return false
  const updates = countOf(state, plannedVersion + 1)
  if (schedule.type === 'buffered' && updates >= schedule.bufferSize) return true
  if (sealed && updates > 0 && !isPersisting(state, plannedVersion + 1)) return true
  const isLast = state.epochs.length === 0 && !Object.values(undrafted(state.leases)).some(({ kind }) => kind === 'train')
  return isLast && updates >= Math.max(1, minUpdates)
}

/** Makes the next version of its updates, in the order of the log. */
export function closeBuffer(state: CoordinatorState, context: StepContext): void {
  const group = pendingOf(state, state.plannedVersion + 1)
  for (const { leaseId, weight, numExamples, modelVersion } of group) context.effects.push({ type: 'accumulate', leaseId, addend: { weight, numExamples, modelVersion, order: orderOf(leaseId) } })
  state.plannedVersion++
  state.sealed = false
  context.effects.push({ type: 'apply', version: state.plannedVersion, leases: group.map(({ leaseId }) => leaseId), scaleUnits: 1024 })
}
