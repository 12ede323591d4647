// The Clock of browsers and Node.
import type { Clock } from '../base/clock.ts'

export const realClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
