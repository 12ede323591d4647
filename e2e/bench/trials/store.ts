// Records of trials in a folder, one JSON file each; written at once and replaced whole, so that no stop leaves half of one.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TrialRecord } from './trial.ts'

export interface TrialStore {
  get(key: string): TrialRecord | undefined
  put(record: TrialRecord): void
  /** Where a run under way is saved, until it is put. */
  partial(key: string, fingerprint: string): string
}

export function createTrialStore(dir: string): TrialStore {
  const pathOf = (key: string): string => join(dir, `${key}.json`)
  const partial = (key: string, fingerprint: string): string => join(dir, `${key}-${fingerprint}.partial`)
  return {
    partial,
    get: (key) => (existsSync(pathOf(key)) ? JSON.parse(readFileSync(pathOf(key), 'utf8')) as TrialRecord : undefined),
    put(record) {
      const path = pathOf(record.key)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`)
      renameSync(`${path}.new`, path)
      rmSync(partial(record.key, record.fingerprint), { force: true })
    },
  }
}
