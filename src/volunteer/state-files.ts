// A volunteer's memory under Node: a file for each state in the user's cache folder, written beside and put in its place.
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import type { ByteStore } from './byte-store.ts'
import { MAX_STATE_BYTES } from './memory.ts'

export const statesPath = (): string => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'commonweight', 'memory')

const DRAFT = '.draft'

export function stateFiles(root: string = statesPath(), maxBytes = MAX_STATE_BYTES): ByteStore {
  const keys = async (): Promise<readonly string[]> => {
    const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
    return found.filter((entry) => entry.isFile() && !entry.name.endsWith(DRAFT)).map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
  }
  const remove = (key: string): Promise<void> => rm(join(root, key), { force: true })
  /** Removes what was written longest ago until the rest takes at most `room` bytes. */
  const evict = async (room: number): Promise<void> => {
    const files = await Promise.all((await keys()).map(async (key) => ({ key, ...(await stat(join(root, key)).catch(() => ({ size: 0, mtimeMs: 0 }))) })))
    let kept = files.reduce((sum, { size }) => sum + size, 0)
    for (const { key, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (kept <= room) break
      kept -= size
      await remove(key)
    }
  }
  return {
    keys, remove,
    get: async (key) => readFile(join(root, key)).catch(() => undefined),
    async set(key, bytes) {
      if (bytes.byteLength > maxBytes) return
      const path = join(root, key), draft = `${path}${DRAFT}`
      try {
        await evict(maxBytes - bytes.byteLength)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(draft, bytes)
        await rename(draft, path)
      } catch (error) {
        // A full disk, or none to write to: the run goes on without this state being remembered.
        if (!(error instanceof Error && 'code' in error)) throw error
      }
    },
  }
}
