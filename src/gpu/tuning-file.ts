// Tuning results under Node: one JSON file in the user's cache folder, replaced whole. Several stores, in several processes, may use it.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TuningStore } from './tuning-store.ts'

export const tuningPath = (): string => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'commonweight', 'tuning.json')

type Contents = Readonly<Record<string, string>>

let drafts = 0

/** Finds what was there when it was made, and what was set since. `set` rejects where the file cannot be written. */
export function tuningFile(path: string = tuningPath()): TuningStore {
  const before = read(path)
  const own: Record<string, string> = {}
  let writing: Promise<void> = Promise.resolve()
  /** The next write, which takes along all that is set until it begins. */
  let waiting: Promise<void> | undefined
  const written = (): Promise<void> => waiting ??= writing = writing.catch(() => undefined).then(() => {
    waiting = undefined
    return write(path, own)
  })
  return {
    get: async (key) => own[key] ?? (await before)[key],
    async set(key, value) {
      own[key] = value
      await written()
    },
  }
}

const read = (path: string): Promise<Contents> => readFile(path, 'utf8').then((text) => JSON.parse(text) as Contents).catch(() => ({}))

/** Adds to the file what is new. Where two write at the same moment, the last one's file stays: the other's results are measured again. */
async function write(path: string, own: Contents): Promise<void> {
  const all = { ...await read(path), ...own }
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}-${drafts++}`
  try {
    await writeFile(draft, JSON.stringify(all))
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
