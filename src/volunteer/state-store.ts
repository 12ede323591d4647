// Where a volunteer's memory (memory.ts) outlives a reload, as a port: IndexedDB in a browser (state-idb.ts), files under
// Node (state-files.ts), a Map in simulations and tests. Keys are `<runId>/<volunteerId>/<what it is of>`. A store is bounded:
// it forgets what was written longest ago. One that cannot write loses states, which costs accuracy for a while, never
// correctness.

export interface StateStore {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, bytes: Uint8Array): Promise<void>
  keys(): Promise<readonly string[]>
  remove(key: string): Promise<void>
}

/** Of one browser, or of one machine's Node volunteers. */
export const MAX_STATE_BYTES = 512 << 20

/** A Map keeps insertion order, so the oldest is first. */
export function mapStateStore(files: Map<string, Uint8Array> = new Map(), maxBytes = MAX_STATE_BYTES): StateStore {
  let kept = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  const remove = (key: string): void => {
    kept -= files.get(key)?.byteLength ?? 0
    files.delete(key)
  }
  return {
    get: async (key) => files.get(key),
    async set(key, bytes) {
      remove(key)
      files.set(key, bytes)
      kept += bytes.byteLength
      for (const oldest of files.keys()) {
        if (kept <= maxBytes) break
        remove(oldest)
      }
    },
    keys: async () => [...files.keys()],
    remove: async (key) => remove(key),
  }
}
