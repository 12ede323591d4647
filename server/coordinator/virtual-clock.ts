// Time that passes only when it is told to: runs a coordinator and its volunteers in one process, reproducibly.
import type { Clock } from '../../src/base/clock.ts'

export interface VirtualClock extends Clock {
  /** Runs everything due until `untilMs`, one event at a time, letting promises settle in between; no further than to where `isOver`. */
  run(untilMs: number, isOver?: () => boolean): Promise<void>
}

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

export function createVirtualClock(startMs = 0): VirtualClock {
  let now = startMs, order = 0
  let timers: Timer[] = []
  const next = (): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) first = timer
    return first
  }
  return {
    now: () => now,
    after(delayMs, run) {
      const timer: Timer = { atMs: now + Math.max(0, delayMs), order: order++, run, cancelled: false }
      timers.push(timer)
      return () => {
        timer.cancelled = true
        timers = timers.filter((other) => other !== timer)
      }
    },
    async run(untilMs, isOver = () => false) {
      for (;;) {
        await settle()
        if (isOver()) return
        const timer = next()
        if (timer === undefined || timer.atMs > untilMs) break
        timers = timers.filter((other) => other !== timer)
        now = Math.max(now, timer.atMs)
        if (!timer.cancelled) timer.run()
      }
      now = Math.max(now, untilMs)
    },
  }
}

/** Lets every promise that can go on do so: a macrotask comes after all microtasks. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
