// SHA-256 in one call, for the server's threads. `src/data/shards.ts` has the asynchronous one that browsers share.
import { createHash } from 'node:crypto'

/** Lower-case hex. */
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
