// The browser's cache: shards and tuning results in IndexedDB, so that a second visit downloads and measures nothing
// that it has. Storage that is full or forbidden (private windows) costs speed only, so its errors are not the run's.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Cache } from './cache.ts'

interface Schema extends DBSchema {
  files: { key: string; value: Uint8Array }
  /** Apart from the bytes, so that eviction reads no file. */
  uses: { key: string; value: { readonly bytes: number; readonly usedAt: number } }
  tuning: { key: string; value: string }
}

/** What the GPU runner's tuner asks for. */
export interface TextStore {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
}

export interface BrowserStorage {
  readonly cache: Cache
  readonly tuning: TextStore
}

const MAX_BYTES = 1 << 30

/** Undefined where the browser gives no storage. */
export async function openBrowserStorage(maxBytes = MAX_BYTES): Promise<BrowserStorage | undefined> {
  try {
    const db = await openDB<Schema>('commonweight', 1, {
      upgrade(fresh) {
        fresh.createObjectStore('files')
        fresh.createObjectStore('uses')
        fresh.createObjectStore('tuning')
      },
    })
    return { cache: fileCache(db, maxBytes), tuning: tuningStore(db) }
  } catch {
    return undefined
  }
}

function fileCache(db: IDBPDatabase<Schema>, maxBytes: number): Cache {
  return {
    async get(hash) {
      const transaction = db.transaction(['files', 'uses'], 'readwrite')
      const bytes = await transaction.objectStore('files').get(hash)
      if (bytes !== undefined) await transaction.objectStore('uses').put({ bytes: bytes.byteLength, usedAt: Date.now() }, hash)
      await transaction.done
      return bytes
    },
    async set(hash, bytes) {
      try {
        await evict(db, maxBytes - bytes.byteLength)
        const transaction = db.transaction(['files', 'uses'], 'readwrite')
        await transaction.objectStore('files').put(bytes, hash)
        await transaction.objectStore('uses').put({ bytes: bytes.byteLength, usedAt: Date.now() }, hash)
        await transaction.done
      } catch (error) {
        // A full disk: the run goes on without this file being remembered.
        if (!(error instanceof DOMException)) throw error
      }
    },
  }
}

/** Removes the files used longest ago until the rest take at most `room` bytes. */
async function evict(db: IDBPDatabase<Schema>, room: number): Promise<void> {
  const transaction = db.transaction(['files', 'uses'], 'readwrite')
  const uses = transaction.objectStore('uses')
  const [hashes, values] = [await uses.getAllKeys(), await uses.getAll()]
  const oldestFirst = hashes.map((hash, i) => ({ hash, bytes: values[i]?.bytes ?? 0, usedAt: values[i]?.usedAt ?? 0 })).sort((a, b) => a.usedAt - b.usedAt)
  let kept = oldestFirst.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { hash, bytes } of oldestFirst) {
    if (kept <= room) break
    kept -= bytes
    await transaction.objectStore('files').delete(hash)
    await uses.delete(hash)
  }
  await transaction.done
}

function tuningStore(db: IDBPDatabase<Schema>): TextStore {
  return {
    get: async (key) => db.get('tuning', key),
    set: async (key, value) => {
      await db.put('tuning', value, key)
    },
  }
}
