// Tuning results under Node: one JSON file in the user's cache folder, read once and replaced whole.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TuningStore } from './tuning-store.ts'

export const tuningPath = (): string => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'commonweight', 'tuning.json')

export function tuningFile(path: string = tuningPath()): TuningStore {
  const contents = readFile(path, 'utf8').then((text) => JSON.parse(text) as Record<string, string>).catch(() => ({} as Record<string, string>))
  let writing: Promise<void> = Promise.resolve()
  const write = async (all: Record<string, string>): Promise<void> => {
    await mkdir(dirname(path), { recursive: true })
    // Several processes may write at once: each replaces the file in one step, and the last one wins.
    const draft = `${path}.${process.pid}`
    await writeFile(draft, JSON.stringify(all))
    await rename(draft, path)
  }
  return {
    get: async (key) => (await contents)[key],
    async set(key, value) {
      const all = await contents
      all[key] = value
      writing = writing.catch(() => undefined).then(() => write(all))
      await writing
    },
  }
}
