// What the dashboard and the terminal see of a coordinator's state.
import type { RunStatus, VolunteerStatus } from '../../src/wire/dashboard.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import type { RunConfig } from '../../src/wire/run-config.ts'
import { runReason, runState } from './control.ts'
import { nextVersionStatus, partsOut } from './next-version.ts'
import { examplesPerEpoch, type CoordinatorState, type VolunteerState } from './state.ts'
import { currentRate } from './step.ts'

const MOST_LISTED = 100

export interface StatusContext {
  readonly config: RunConfig
  readonly modelName: string
  readonly params: number
  readonly bytesDown: number
  readonly now: number
}

export function buildStatus(state: CoordinatorState, { config, modelName, params, bytesDown, now }: StatusContext): RunStatus {
  const { lastEvaluation, settings } = state
  const next = nextVersionStatus(state, now)
  return {
    runId: settings.runId, title: config.title, state: runState(state), reason: runReason(state), schedule: settings.schedule.type,
    modelName, params, modelVersion: state.version, modelHash: state.modelHash, incarnation: state.incarnation,
    epoch: settings.parts === undefined ? state.epochs[0]?.epoch ?? settings.epochs : Math.floor(state.examples / examplesPerEpoch(settings)), examples: state.examples, examplesPerEpoch: examplesPerEpoch(settings),
    examplesPerSecond: currentRate(state, now), seconds: state.seconds,
    ...(next !== undefined ? { nextVersion: next } : {}), partsOut: partsOut(state),
    staleness: inRounds(settings.schedule) ? [] : [...state.staleness],
    bytesUp: state.bytesUp, bytesDown, updateBytes: settings.payloadBytes, accepted: state.accepted, expired: state.expired, refused: { ...state.refused },
    clampedElements: state.clampedElements, rechecks: { ...state.rechecks },
    ...(lastEvaluation !== undefined ? { evaluation: { loss: lastEvaluation.loss, accuracy: lastEvaluation.accuracy, examples: lastEvaluation.examples, modelVersion: lastEvaluation.modelVersion } } : {}),
    volunteers: inOrder(Object.values(state.volunteers).map((volunteer) => volunteerStatus(state, volunteer))), connected: state.connected, unlisted: state.forgotten.volunteers,
  }
}

/** For dashboards, which are told several times a second. */
export function abridged(status: RunStatus): RunStatus {
  const { volunteers, unlisted } = status
  return volunteers.length <= MOST_LISTED ? status : { ...status, volunteers: volunteers.slice(0, MOST_LISTED), unlisted: unlisted + volunteers.length - MOST_LISTED }
}

const inOrder = (volunteers: VolunteerStatus[]): readonly VolunteerStatus[] =>
  volunteers.sort((a, b) => Number(b.connected) - Number(a.connected) || b.examples - a.examples)

function volunteerStatus(state: CoordinatorState, volunteer: VolunteerState): VolunteerStatus {
  const { number, adapter, connected, speed, bandwidth, reliability, acceptedLeases, refusedLeases, lostLeases, examples, bytesUp, joinedMs } = volunteer
  return {
    id: `volunteer-${number}`, adapter: adapter.name, runner: adapter.runner, software: adapter.software, connected, activity: activity(state, volunteer),
    examplesPerSecond: speed.train, bytesPerSecond: { ...bandwidth }, reliability, acceptedLeases, refusedLeases, lostLeases, examples, bytesUp, joinedMs,
  }
}

function activity(state: CoordinatorState, { connected, leaseId }: VolunteerState): VolunteerStatus['activity'] {
  if (!connected) return 'gone'
  const lease = leaseId === undefined ? undefined : state.leases[leaseId]
  if (lease === undefined) return 'idle'
  if (lease.kind === 'evaluate') return 'evaluating'
  return lease.stage === 'granted' ? 'training' : 'uploading'
}
