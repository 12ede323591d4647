// What leases have taught about each volunteer (how fast it computes, how fast bytes travel to and from it, how often it
// delivers), and what that lets one expect of its next lease.
import { present } from '../../src/base/errors.ts'
import { planLocal } from '../../src/fed/local-work.ts'
import type { CoordinatorState, LeaseState, Settings, VolunteerState } from './state.ts'

/** Weight of the newest measurement, or more where it is long since the last one. */
const NEWEST = 0.4
/** One measurement raises a figure, and a claim exceeds what was seen here, by at most this factor: a claim is not proof. */
const MAX_CHANGE = 4
/** In its first lease of a kind a volunteer fetches data and builds programs, and computes with cold ones: the next one tells its speed. */
const TRIALS = 2
/** Weight of the newest outcome: one failure does not doom, one success does not prove. */
const NEWEST_OUTCOME = 0.2
/** What a lease that is lost costs those who wait for it, at least: so long it lives. */
const LOSS_MS = 10_000
/** After this long without work a volunteer is taken for twice as good as it was measured, or sooner: */
const DOUBT_MS = 10_000
/** after so many times what trying it should cost, for each that has nothing to do: so all of them take a quarter of the time at most. */
const DOUBT_COSTS = 4

/** Examples that a lease makes its volunteer go through, each as often as it does. */
export function workOf({ local, batchSize }: Settings, kind: 'train' | 'evaluate', numExamples: number): number {
  if (kind === 'evaluate' || local.type === 'gradient') return numExamples
  if (local.type === 'epochs') return local.epochs * numExamples
  const plan = planLocal(local, { numExamples, batchSize })
  return plan.steps * plan.batchSize
}

/** What came back for a lease: when it was computed is when its announcement came, or its answer. */
export interface Delivery {
  /** As its volunteer says. */
  readonly computeMs: number
  readonly downloadedBytes?: number | undefined
  readonly computedMs: number
  /** Of an update, which has just arrived. */
  readonly upload?: { readonly bytes: number; readonly ms: number }
}

/**
 * Takes a delivery into its volunteer's figures. What it says itself is bounded by the time that passed here, which nobody
 * knows where the clock jumped meanwhile.
 */
export function measure(state: CoordinatorState, lease: LeaseState, { computeMs, downloadedBytes = 0, computedMs, upload }: Delivery): void {
  if (lease.grantedMs < state.jumpedMs) return
  const volunteer = present(state.volunteers[lease.volunteerId], `volunteer of lease ${lease.id}`)
  const { speed, bandwidth, trials } = volunteer
  const elapsedMs = computedMs - lease.grantedMs
  const ms = Math.max(Math.min(computeMs, elapsedMs), elapsedMs / MAX_CHANGE)
  const idleMs = lease.kind === 'train' ? Math.max(0, lease.grantedMs - volunteer.idleSinceMs) : 0
  const weight = Math.max(NEWEST, idleMs / Math.max(1, idleMs + elapsedMs))
  const isTrial = onTrial(volunteer, lease.kind)
  // What a trial replaces is what a colder one left.
  const averaged = (old: number, seen: number): number => (isTrial || old === 0 ? seen : old + weight * (Math.min(MAX_CHANGE * old, seen) - old))
  speed[lease.kind] = averaged(speed[lease.kind], perSecond(workOf(state.settings, lease.kind, lease.numExamples), ms))
  if (downloadedBytes > 0) bandwidth.down = averaged(bandwidth.down, perSecond(downloadedBytes, elapsedMs - ms))
  if (upload !== undefined) bandwidth.up = averaged(bandwidth.up, perSecond(upload.bytes, upload.ms))
  if (isTrial) trials[lease.kind]++
}

/** Whether its next lease of the kind is still to learn its speed. */
export const onTrial = ({ trials }: VolunteerState, kind: 'train' | 'evaluate'): boolean => trials[kind] < TRIALS

/** A lease that was too slow says as much as one that measures: whatever was learnt before stands. */
export function endTrial({ speed, trials }: VolunteerState, kind: 'train' | 'evaluate'): void {
  if (speed[kind] > 0) trials[kind] = TRIALS
}

const perSecond = (count: number, ms: number): number => (count / Math.max(1, ms)) * 1000

/** A lease ended by its volunteer's doing. */
export function countOutcome(volunteer: VolunteerState, delivered: boolean): void {
  volunteer.reliability += NEWEST_OUTCOME * (Number(delivered) - volunteer.reliability)
}

/** The model's way down and the update's way up, as far as they are known. */
export function transferMs({ modelBytes, payloadBytes }: Settings, { bandwidth: { up, down } }: VolunteerState, kind: 'train' | 'evaluate'): number {
  return (down > 0 ? (modelBytes / down) * 1000 : 0) + (kind === 'train' && up > 0 ? (payloadBytes / up) * 1000 : 0)
}

/** When one of so many idle ones should be done with so many examples, to compare with others; whoever's speed is unknown is tried. */
export function costMs(settings: Settings, volunteer: VolunteerState, numExamples: number, { idle, until }: Omit<Trying, 'costMs'>): number {
  const cost = expectedMs(settings, volunteer, 'train', numExamples) + riskMs(volunteer)
  return cost * belief(volunteer, { costMs: cost, idle, until })
}

/** From grant to result; 0 while the speed is unknown. */
export function expectedMs(settings: Settings, volunteer: VolunteerState, kind: 'train' | 'evaluate', numExamples: number): number {
  const speed = volunteer.speed[kind]
  return speed > 0 ? transferMs(settings, volunteer, kind) + (workOf(settings, kind, numExamples) / speed) * 1000 : 0
}

/** What it costs on average that a volunteer may not deliver. */
export const riskMs = ({ reliability }: VolunteerState): number => (1 - reliability) * LOSS_MS

/** Figures are believed less the longer their volunteer has had nothing to do, so that it gets another chance: times count for this fraction. */
export function belief({ leaseId, idleSinceMs }: VolunteerState, { costMs, idle, until }: Trying): number {
  if (leaseId !== undefined) return 1
  const doubtMs = Math.max(1, Math.min(DOUBT_MS, DOUBT_COSTS * idle * costMs))
  return 1 / (1 + Math.max(0, until - idleSinceMs) / doubtMs)
}

export interface Trying {
  /** What it would take to give a volunteer something. */
  readonly costMs: number
  /** How many have nothing to do, itself among them. */
  readonly idle: number
  /** When others last had something to do: what all have waited for is nobody's disadvantage. */
  readonly until: number
}
