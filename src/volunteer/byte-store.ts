// Bytes by key, bounded: what was used longest ago is forgotten first. A volunteer keeps data shards so, by SHA-256, and what
// it remembers of a run (memory.ts). In memory here, in IndexedDB between a browser's visits (browser-storage.ts), in files
// under Node (state-files.ts). A store that cannot write loses what it was given, no more.

export interface ByteStore {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, bytes: Uint8Array): Promise<void>
  keys(): Promise<readonly string[]>
  remove(key: string): Promise<void>
}

/** All that data shards need. */
export type Cache = Pick<ByteStore, 'get' | 'set'>

/** Keeps at most `maxBytes`, in `files`. */
export function memoryStore(maxBytes: number, files: Map<string, Uint8Array> = new Map()): ByteStore {
  // A Map keeps insertion order: whatever is used is moved to its end, so the oldest is always first.
  let kept = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  const remove = (key: string): void => {
    kept -= files.get(key)?.byteLength ?? 0
    files.delete(key)
  }
  return {
    async get(key) {
      const bytes = files.get(key)
      if (bytes !== undefined) {
        files.delete(key)
        files.set(key, bytes)
      }
      return bytes
    },
    async set(key, bytes) {
      remove(key)
      if (bytes.byteLength > maxBytes) return
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

/** Looks in `near` first, and remembers there what `far` had. */
export function layeredCache(near: Cache, far: Cache): Cache {
  return {
    async get(hash) {
      const bytes = await near.get(hash)
      if (bytes !== undefined) return bytes
      const kept = await far.get(hash)
      if (kept !== undefined) await near.set(hash, kept)
      return kept
    },
    async set(hash, bytes) {
      await near.set(hash, bytes)
      await far.set(hash, bytes)
    },
  }
}
