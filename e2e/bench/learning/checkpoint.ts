// A training run that was stopped and can be resumed: one safetensors file with what the engine's `state` gives, and the
// history of evaluations in its metadata. Replaced in one step, so that no stop leaves half of it.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { decodeSafetensors, encodeSafetensors } from '../../../src/codec/safetensors.ts'
import type { NamedTensors, TrainingState } from '../../../src/engine.ts'

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
  const named = (prefix: string, tensors: NamedTensors) => Object.entries(tensors).map(([name, { shape, data }]) => ({ name: `${prefix}${name}`, shape, dtype: 'F32' as const, data }))
  const bytes = encodeSafetensors([...named('tensors/', state.tensors), ...named('optimizer/', state.optimizer)], { step: String(state.step), progress: JSON.stringify(progress) })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.draft`, bytes)
  renameSync(`${path}.draft`, path)
}

export function loadCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined
  const { tensors, metadata } = decodeSafetensors(readFileSync(path))
  const named = (prefix: string): NamedTensors => Object.fromEntries(tensors.filter(({ name }) => name.startsWith(prefix))
    .map(({ name, shape, data }) => [name.slice(prefix.length), { shape, data: data as Float32Array }]))
  return {
    state: { step: Number(metadata['step']), tensors: named('tensors/'), optimizer: named('optimizer/') },
    progress: JSON.parse(metadata['progress']!) as Progress,
  }
}
