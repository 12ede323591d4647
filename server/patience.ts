// How much nonsense and how much traffic one socket may send before it is cut off: two buckets that refill with time.
import type { Clock } from '../src/base/clock.ts'

/** Malformed messages in a burst, and one forgiven every so often. */
const MALFORMED_BURST = 20
const MALFORMED_PER_SECOND = 0.5
/** Messages of any kind. Chunks wait for their acknowledgements, so an honest volunteer stays far below. */
const MESSAGE_BURST = 2_000
const MESSAGES_PER_SECOND = 500

export interface Patience {
  /** False when the socket has sent too much. */
  message(): boolean
  /** False when too much of it was malformed. */
  malformed(): boolean
}

export function createPatience(clock: Pick<Clock, 'now'>): Patience {
  const messages = createBucket(clock, MESSAGE_BURST, MESSAGES_PER_SECOND)
  const malformed = createBucket(clock, MALFORMED_BURST, MALFORMED_PER_SECOND)
  return { message: messages, malformed }
}

function createBucket(clock: Pick<Clock, 'now'>, burst: number, perSecond: number): () => boolean {
  let tokens = burst
  let filledMs = clock.now()
  return () => {
    const nowMs = clock.now()
    tokens = Math.min(burst, tokens + ((nowMs - filledMs) / 1000) * perSecond)
    filledMs = nowMs
    tokens -= 1
    return tokens >= 0
  }
}
