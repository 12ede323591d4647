// Backup leases of a synchronous round, where it over-selects: once all of its examples are out, whoever is idle computes
// again what is furthest from being done, and whoever is done first counts (backup tasks: Dean and Ghemawat 2004, section
// 3.6; backup workers: Chen et al. 2016, arXiv 1604.00981). Its examples stay leased while one of the two lives.
import { present } from '../../src/base/errors.ts'
import type { StepContext } from './effects.ts'
import { costMs, endTrial, onTrial, riskMs } from './expectations.ts'
import { grantLease, idleVolunteers, ownVolunteer, revokeLease, twinOf } from './leases.ts'
import { remainingMs } from './rounds.ts'
import type { CoordinatorState, LeaseState, VolunteerState } from './state.ts'

/** Live leases whose work could be computed a second time, the furthest from being done first. */
function stragglers(state: CoordinatorState, now: number): LeaseState[] {
  const leases = Object.values(state.leases).filter(({ kind }) => kind === 'train')
  const lives = new Map<string, number>()
  for (const { work } of leases) lives.set(work, (lives.get(work) ?? 0) + 1)
  const waitMs = (lease: LeaseState): number => remainingMs(lease, now) + riskMs(present(state.volunteers[lease.volunteerId], `volunteer of lease ${lease.id}`))
  const single = leases.filter(({ stage, work }) => (stage === 'granted' || stage === 'receiving') && lives.get(work) === 1)
  return single.sort((a, b) => waitMs(b) - waitMs(a) || a.grant - b.grant)
}

/** Examples that may still be computed a second time. */
function room({ settings: { schedule }, round, leases }: CoordinatorState): number {
  if (schedule.type !== 'synchronous' || round === undefined || round.closing || round.examples > round.accepted + round.outstanding) return 0
  const out = Object.values(leases).reduce((sum, { kind, numExamples }) => sum + (kind === 'train' ? numExamples : 0), 0)
  return (schedule.overSelection ?? 0) * round.examples - (out - round.outstanding)
}

export const hasBackupWork = (state: CoordinatorState, now: number): boolean => room(state) > 0 && stragglers(state, now).length > 0

/** The first leases are one batch each, to learn the speed (L5). */
const mayTake = ({ settings }: CoordinatorState, volunteer: VolunteerState, { numExamples }: LeaseState): boolean => !onTrial(volunteer, 'train') || numExamples <= settings.batchSize

export function grantBackups(state: CoordinatorState, context: StepContext): void {
  const { now } = context
  const idle = idleVolunteers(state, now)
  if (!stragglers(state, now).some(({ numExamples }) => numExamples <= room(state))) return
  const costs = new Map(idle.map((volunteer) => [volunteer, costMs(state.settings, volunteer, state.settings.batchSize, { idle: idle.length, until: now })]))
  for (const volunteer of idle.sort((a, b) => Number(onTrial(a, 'train')) - Number(onTrial(b, 'train')) || costs.get(a)! - costs.get(b)! || a.number - b.number)) {
    const left = room(state)
    const straggler = stragglers(state, now).find((lease) => lease.numExamples <= left && mayTake(state, volunteer, lease))
    if (straggler === undefined) continue
    const { epoch, slices, modelVersion, modelHash, work } = straggler
    grantLease(state, context, { volunteer, kind: 'train', epoch, slices: slices.map((slice) => ({ ...slice })), modelVersion, modelHash, work })
  }
}

/** The update of one is on its way to the disk: the other is no longer wanted. */
export function dropTwin(state: CoordinatorState, context: StepContext, lease: LeaseState): void {
  const twin = twinOf(state, lease)
  if (twin === undefined) return
  const slower = ownVolunteer(state, twin.volunteerId)
  if (slower !== undefined) endTrial(slower, 'train')
  revokeLease(state, context, twin, 'revoked')
}
