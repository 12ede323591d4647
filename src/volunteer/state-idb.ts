// A volunteer's memory in IndexedDB, in a database of its own. Storage that is full or forbidden loses states, no more.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { MAX_STATE_BYTES, type StateStore } from './state-store.ts'

interface Schema extends DBSchema {
  states: { key: string; value: Uint8Array }
  /** Apart from the bytes, so that eviction reads no state. */
  writes: { key: string; value: { readonly bytes: number; readonly writtenAt: number } }
}

/** Undefined where the browser gives no storage. */
export async function openStateStore(maxBytes = MAX_STATE_BYTES): Promise<StateStore | undefined> {
  try {
    const db = await openDB<Schema>('commonweight-memory', 1, {
      upgrade(fresh) {
        fresh.createObjectStore('states')
        fresh.createObjectStore('writes')
      },
    })
    return stateStore(db, maxBytes)
  } catch {
    return undefined
  }
}

function stateStore(db: IDBPDatabase<Schema>, maxBytes: number): StateStore {
  return {
    get: async (key) => lenient(() => db.get('states', key), undefined),
    keys: async () => lenient(() => db.getAllKeys('writes'), []),
    set: async (key, bytes) => lenient(async () => {
      // One transaction: a state is there whole or not at all.
      const transaction = db.transaction(['states', 'writes'], 'readwrite')
      const states = transaction.objectStore('states'), writes = transaction.objectStore('writes')
      const [keys, values] = [await writes.getAllKeys(), await writes.getAll()]
      const others = keys.map((name, i) => ({ name, ...values[i]! })).filter(({ name }) => name !== key).sort((a, b) => a.writtenAt - b.writtenAt)
      let kept = others.reduce((sum, other) => sum + other.bytes, bytes.byteLength)
      for (const oldest of others) {
        if (kept <= maxBytes) break
        kept -= oldest.bytes
        await states.delete(oldest.name)
        await writes.delete(oldest.name)
      }
      if (kept <= maxBytes) {
        await states.put(bytes, key)
        await writes.put({ bytes: bytes.byteLength, writtenAt: Date.now() }, key)
      }
      await transaction.done
    }, undefined),
    remove: async (key) => lenient(async () => {
      const transaction = db.transaction(['states', 'writes'], 'readwrite')
      await transaction.objectStore('states').delete(key)
      await transaction.objectStore('writes').delete(key)
      await transaction.done
    }, undefined),
  }
}

/** A full disk, or a database that the browser has closed: the run goes on without. */
async function lenient<T>(act: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof DOMException) return otherwise
    throw error
  }
}
