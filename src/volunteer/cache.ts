// Where a volunteer keeps data shards, by SHA-256: in IndexedDB between visits (cache-idb.ts), or in memory here.

export interface Cache {
  get(hash: string): Promise<Uint8Array | undefined>
  set(hash: string, bytes: Uint8Array): Promise<void>
}

/** Keeps at most `maxBytes`, forgetting what was used longest ago. */
export function memoryCache(maxBytes: number): Cache {
  // A Map keeps insertion order: whatever is used is moved to its end, so the oldest is always first.
  const files = new Map<string, Uint8Array>()
  let bytesKept = 0
  const remove = (hash: string): void => {
    bytesKept -= files.get(hash)?.byteLength ?? 0
    files.delete(hash)
  }
  return {
    async get(hash) {
      const bytes = files.get(hash)
      if (bytes !== undefined) {
        files.delete(hash)
        files.set(hash, bytes)
      }
      return bytes
    },
    async set(hash, bytes) {
      remove(hash)
      if (bytes.byteLength > maxBytes) return
      files.set(hash, bytes)
      bytesKept += bytes.byteLength
      for (const oldest of files.keys()) {
        if (bytesKept <= maxBytes) break
        remove(oldest)
      }
    },
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
