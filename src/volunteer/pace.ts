// How many micro-batches may be enqueued before the device is waited for.
import type { Clock } from '../base/clock.ts'

/** Micro-batches are enqueued for about this long before waiting for the device, so that Stop is quick. */
const SETTLE_EVERY_MS = 100
const MOST_UNSETTLED = 16

/** Says when to wait for the device: about every SETTLE_EVERY_MS, whatever a micro-batch takes here. */
export function createPace(clock: Clock): { due(): boolean; settled(): void } {
  let every = 1, enqueued = 0, sinceMs = clock.now()
  return {
    due: () => ++enqueued >= every,
    settled() {
      const stepMs = Math.max(0.01, (clock.now() - sinceMs) / enqueued)
      every = Math.min(MOST_UNSETTLED, Math.max(1, Math.floor(SETTLE_EVERY_MS / stepMs)))
      enqueued = 0
      sinceMs = clock.now()
    },
  }
}
