// Files by SHA-256: from the cache, else from the coordinator. Counts what was downloaded.
import type { Link } from '../wire/link.ts'
import type { Cache } from './byte-store.ts'

export interface Files {
  readonly bytesDown: number
  /** A data shard: kept for the next visit. */
  shard(runId: string, hash: string, signal: AbortSignal): Promise<Uint8Array>
  /** A snapshot: superseded within seconds, so not kept. */
  snapshot(runId: string, hash: string, signal: AbortSignal): Promise<Uint8Array>
}

export function createFiles(link: Pick<Link, 'fetchFile'>, cache: Cache): Files {
  let bytesDown = 0
  const download = async (runId: string, hash: string, signal: AbortSignal): Promise<Uint8Array> => {
    const bytes = await link.fetchFile(runId, hash, signal)
    bytesDown += bytes.byteLength
    return bytes
  }
  return {
    get bytesDown() { return bytesDown },
    async shard(runId, hash, signal) {
      const kept = await cache.get(hash)
      if (kept !== undefined) return kept
      const bytes = await download(runId, hash, signal)
      await cache.set(hash, bytes)
      return bytes
    },
    snapshot: download,
  }
}
