// Tuning results in a browser: IndexedDB, for all pages of an origin, be they volunteers' or anybody's who trains with the engine.
import { openDB, type IDBPDatabase } from 'idb'
import { forgiving, type TuningStore } from './tuning-store.ts'

const NAME = 'commonweight-tuning', STORE = 'rows'

/** One connection for all who ask here. */
let opening: Promise<IDBPDatabase> | undefined
const open = (): Promise<IDBPDatabase> => opening ??= openDB(NAME, 1, { upgrade: (fresh) => { fresh.createObjectStore(STORE) } })

/** Opened when it is first asked; where the browser gives no storage (private windows), nothing is found or kept. */
export function tuningDatabase(): TuningStore {
  return forgiving({
    get: async (key) => (await open()).get(STORE, key) as Promise<string | undefined>,
    set: async (key, value) => void await (await open()).put(STORE, value, key),
  })
}
