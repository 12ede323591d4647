// The durable part of a coordinator's state is a fold over its log. Live, a record is folded in once it is on disk;
// after a restart, all of them are, in order. Both go through `applyRecord`, so they cannot disagree.
import { invariant, present } from '../../src/base/errors.ts'
import { inRounds } from '../../src/fed/strategy.ts'
import { advanceEpochs, epochOf, partOf } from './epochs.ts'
import { rememberShards, volunteerOf } from './leases.ts'
import { addPending, countUpTo, pendingOf } from './pending.ts'
import { claim } from './pool.ts'
import type { AcceptedRecord, LogRecord, VersionRecord } from './records.ts'
import { openRound } from './rounds.ts'
import type { CoordinatorState } from './state.ts'
import { forget } from './volunteers.ts'

/** About what an accepted update costs to read again, beside its payload. */
const RECORD_BYTES = 1024

/** Folds a record of an earlier life: its examples are still free in this state. */
export function replayRecord(state: CoordinatorState, record: LogRecord): void {
  if (record.type === 'accepted') {
    claim(epochOf(state, record.epoch), record.slices)
    if (state.settings.schedule.type === 'asynchronous') state.plannedVersion++
    state.bytesUp += record.payloadBytes
    const volunteer = volunteerOf(state, record.volunteerId)
    volunteer.bytesUp += record.payloadBytes
    rememberShards(state, volunteer, 'train', record.slices)
  }
  applyRecord(state, record)
  if (record.type === 'incarnation') for (const volunteer of Object.values(state.volunteers)) volunteer.recent = []
}

export function applyRecord(state: CoordinatorState, record: LogRecord): void {
  switch (record.type) {
    case 'run': return beginRun(state)
    case 'incarnation': state.incarnation = record.incarnation; return
    case 'volunteer': volunteerOf(state, record.volunteerId).adapter = record.adapter; return
    case 'accepted': return applyAccepted(state, record)
    case 'version': return applyVersion(state, record)
    case 'forgotten': return forget(state, record.volunteerIds)
    case 'evaluation': {
      const { modelVersion, atExamples, loss, accuracy, examples, seconds } = record
      state.lastEvaluation = { modelVersion, atExamples, loss, accuracy, examples }
      state.seconds = Math.max(state.seconds, seconds)
      return
    }
    case 'control':
      state.control = record.action === 'pause' ? 'paused' : record.action === 'stop' ? 'stopped' : 'running'
      state.controlReason = record.reason
      return
    case 'checkpoint':
      if (record.version === 0) state.modelHash = record.modelHash
      state.sinceCheckpoint = { versions: state.version - record.version, bytes: 0, ms: state.lastMs, running: false }
      return
    case 'finished':
      state.finished = true
      return
  }
}

function beginRun(state: CoordinatorState): void {
  advanceEpochs(state)
  state.round = openRound(state)
}

function applyAccepted(state: CoordinatorState, record: AcceptedRecord): void {
  const { leaseId, numExamples, weight, modelVersion, staleness, clampedElements, volunteerId, payloadHash, slices } = record
  const epoch = epochOf(state, record.epoch)
  epoch.accepted += numExamples
  state.examples += numExamples
  state.accepted++
  state.clampedElements += clampedElements
  while (state.staleness.length <= staleness) state.staleness.push(0)
  state.staleness[staleness]!++
  state.sinceCheckpoint.bytes += record.payloadBytes + RECORD_BYTES
  const volunteer = volunteerOf(state, volunteerId)
  volunteer.acceptedLeases++
  volunteer.examples += numExamples
  volunteer.failures = 0
  volunteer.lastUpdate = payloadHash
  const part = partOf(state.settings, slices)
  if (part !== undefined) state.lastOfParts[part] = payloadHash
  if (!inRounds(state.settings.schedule)) {
    addPending(state, { version: modelVersion + staleness + 1, modelVersion, leaseId, weight, numExamples })
  } else {
    const round = present(state.round, `round of lease ${leaseId}`)
    round.accepted += numExamples
    round.totalWeight += weight
    round.leases.push(leaseId)
  }
  advanceEpochs(state)
}

/** What a round of parts did not get is not missed: another cohort is drawn. */
function dropCohort(state: CoordinatorState): void {
  const { settings: { parts, schedule }, round } = state
  if (parts === undefined || schedule.type !== 'cohort') return
  while (state.epochs[0] !== undefined && state.epochs[0].epoch <= (round?.epoch ?? -1)) state.epochs.shift()
  advanceEpochs(state)
}

function applyVersion(state: CoordinatorState, record: VersionRecord): void {
  invariant(record.version === state.version + 1, `version: must be ${state.version + 1}, got ${record.version}.`)
  state.version = record.version
  state.modelHash = record.hash
  state.seconds = Math.max(state.seconds, record.seconds)
  state.sinceCheckpoint.versions++
  if (inRounds(state.settings.schedule)) {
    state.versionExamples += state.round?.accepted ?? 0
    dropCohort(state)
    state.round = openRound(state)
    state.plannedVersion = state.version
  } else {
    const done = pendingOf(state, record.version)
    invariant(done.length > 0 && done.map(({ leaseId }) => leaseId).join() === record.leases.join(), `version ${record.version}: must be of the pending updates that were meant for it.`)
    state.pending.splice(0, countUpTo(state, record.version))
    state.plannedVersion = Math.max(state.plannedVersion, state.version)
    for (const { numExamples } of done) state.versionExamples += numExamples
  }
}
