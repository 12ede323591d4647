// What a volunteer's browser keeps between visits, in IndexedDB: data shards, so that a second visit downloads nothing that
// it has, and what it remembers of a run (memory.ts). Storage that is full or forbidden (private windows) costs speed and
// remembered states only, so its errors are not the run's.
import { openDB, type IDBPDatabase, type IDBPTransaction } from 'idb'
import type { ByteStore } from './byte-store.ts'
import { MAX_STATE_BYTES } from './memory.ts'

export interface BrowserStorage {
  readonly shards: ByteStore
  readonly states: ByteStore
}

const MAX_SHARD_BYTES = 1 << 30

type Writing = IDBPTransaction<unknown, ('files' | 'uses')[], 'readwrite'>

interface Use {
  readonly bytes: number
  readonly usedAt: number
}

/** Undefined where the browser gives no storage. */
export async function openBrowserStorage(): Promise<BrowserStorage | undefined> {
  try {
    // Databases of their own: a new version of one would wait for every tab that has it open.
    const [shards, states] = [await open('commonweight'), await open('commonweight-memory')]
    return { shards: byteStore(shards, MAX_SHARD_BYTES), states: byteStore(states, MAX_STATE_BYTES) }
  } catch {
    return undefined
  }
}

const open = (name: string): Promise<IDBPDatabase> =>
  openDB(name, 1, { upgrade: (fresh) => { for (const store of ['files', 'uses']) fresh.createObjectStore(store) } })

/** Bytes in the object store `files`; when each was used lies apart from them in `uses`, so that eviction reads no file. */
function byteStore(db: IDBPDatabase, maxBytes: number): ByteStore {
  /** One transaction: bytes are there whole or not at all. */
  const change = <T>(act: (writing: Writing) => Promise<T>): Promise<T | undefined> => lenient(async () => {
    const writing = db.transaction(['files' as const, 'uses' as const], 'readwrite')
    const result = await act(writing)
    await writing.done
    return result
  })
  return {
    get: (key) => change(async (writing) => {
      const bytes = await writing.objectStore('files').get(key) as Uint8Array | undefined
      if (bytes !== undefined) await writing.objectStore('uses').put(useOf(bytes), key)
      return bytes
    }),
    set: (key, bytes) => change(async (writing) => {
      await removeFrom(writing, key)
      if (bytes.byteLength > maxBytes) return
      await evict(writing, maxBytes - bytes.byteLength)
      await writing.objectStore('files').put(bytes, key)
      await writing.objectStore('uses').put(useOf(bytes), key)
    }),
    keys: async () => await lenient(() => db.getAllKeys('uses') as Promise<string[]>) ?? [],
    remove: (key) => change((writing) => removeFrom(writing, key)),
  }
}

const useOf = (bytes: Uint8Array): Use => ({ bytes: bytes.byteLength, usedAt: Date.now() })

async function removeFrom(writing: Writing, key: IDBValidKey): Promise<void> {
  await writing.objectStore('files').delete(key)
  await writing.objectStore('uses').delete(key)
}

/** Removes the files used longest ago until the rest take at most `room` bytes. */
async function evict(writing: Writing, room: number): Promise<void> {
  const uses = writing.objectStore('uses')
  const [keys, values] = [await uses.getAllKeys(), await uses.getAll() as Use[]]
  const oldestFirst = keys.map((key, i) => ({ key, ...values[i]! })).sort((a, b) => a.usedAt - b.usedAt)
  let kept = oldestFirst.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { key, bytes } of oldestFirst) {
    if (kept <= room) break
    kept -= bytes
    await removeFrom(writing, key)
  }
}

/** A full disk, or a database that the browser has closed: nothing is found or kept. */
async function lenient<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}
