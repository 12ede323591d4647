// A run of the learning benchmark goes on from its file with all that training needs.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TrainingState } from '../../../src/engine.ts'
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'checkpoint-')) })
afterEach(() => rmSync(folder, { recursive: true }))

test('what was saved is loaded again, with what schedule and loss scale remember', () => {
  const path = join(folder, 'deep', 'task-1.safetensors')
  const state: TrainingState = {
    step: 7,
    tensors: { 'a/weight': { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
    optimizer: { 'adam/m/a/weight': { shape: [2, 3], data: Float32Array.of(6, 5, 4, 3, 2, 1) } },
    schedule: { factor: 0.5, best: 1.25 },
    lossScale: { doublings: -1, good: 3, skipped: 2 },
  }
  const progress = { seconds: 1.5, history: [{ step: 5, seconds: 1, trainingLoss: 0.5, test: 0.9 }], finished: false, adapters: ['CPU reference'] }
  expect(loadCheckpoint(path)).toBeUndefined()
  saveCheckpoint(path, { state: { ...state, step: 6 }, progress })
  saveCheckpoint(path, { state, progress })
  expect(loadCheckpoint(path)).toEqual({ state, progress })
  expect(readdirSync(join(folder, 'deep'))).toEqual(['task-1.safetensors'])
})
