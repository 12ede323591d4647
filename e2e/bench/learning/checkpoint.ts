// A training run that was stopped and can be resumed: the engine's state as a file, with the history of evaluations in its
// metadata. Replaced in one step, so that no stop leaves half of it.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { decodeTrainingState, encodeTrainingState, type TrainingState } from '../../../src/engine.ts'

export interface Evaluation {
  readonly step: number
  /** Of training alone, so far. */
  readonly seconds: number
  readonly trainingLoss: number
  readonly test: number
  readonly validation?: number
}

export interface Progress {
  readonly seconds: number
  readonly history: readonly Evaluation[]
  readonly finished: boolean
  /** Runners it has been trained on. */
  readonly adapters: readonly string[]
}

export interface Checkpoint {
  readonly state: TrainingState
  readonly progress: Progress
}

export function saveCheckpoint(path: string, { state, progress }: Checkpoint): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.draft`, encodeTrainingState(state, { progress: JSON.stringify(progress) }))
  renameSync(`${path}.draft`, path)
}

export function loadCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined
  const { metadata, ...state } = decodeTrainingState(readFileSync(path))
  return { state, progress: JSON.parse(metadata['progress']!) as Progress }
}
