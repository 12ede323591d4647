// Which checkpoints are kept, and what of the disk they still need.
import { filesOf, type CheckpointRecord } from './records.ts'

export interface Retention {
  /** The last so many, each a place to fall back to: with all that was accepted since the oldest of them. At least 1. */
  readonly last: number
  /** Beside those the first of each so many versions, for ever: places to go back to. */
  readonly everyVersions?: number
  /** Whether the log is kept back to the run's beginning, so that all of it can be proved, or only as far as it is needed. */
  readonly log: 'all' | 'needed'
}

export const DEFAULT_RETENTION: Retention = { last: 2, log: 'all' }

export interface Kept {
  /** Oldest first. */
  readonly checkpoints: readonly CheckpointRecord[]
  readonly segment: (segment: number) => boolean
  readonly file: (hash: string) => boolean
  readonly log: (file: number) => boolean
}

/** Of all checkpoints, oldest first. */
export function keep(checkpoints: readonly CheckpointRecord[], { last, everyVersions, log }: Retention): Kept {
  const recent = checkpoints.slice(-last)
  const old = checkpoints.slice(0, -last)
  const period = (version: number): number => Math.floor(version / (everyVersions ?? Infinity))
  const landmarks = everyVersions === undefined ? [] : old.filter(({ version }, i) => i === 0 || period(version) > period(old[i - 1]!.version))
  const kept = [...landmarks, ...recent]
  const files = new Set(kept.flatMap(filesOf))
  const firstLog = Math.min(...recent.map((record) => record.log))
  const firstSegment = Math.min(...recent.flatMap(({ segment, replaySegments }) => [segment, ...replaySegments]))
  const landmarkSegments = new Set(landmarks.flatMap(({ replaySegments }) => replaySegments))
  const landmarkLogs = new Set(landmarks.map((record) => record.log))
  return {
    checkpoints: kept,
    segment: (segment) => segment >= firstSegment || landmarkSegments.has(segment),
    file: (hash) => files.has(hash),
    log: (file) => log === 'all' || file >= firstLog || landmarkLogs.has(file),
  }
}
