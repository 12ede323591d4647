// Keeps operations in the order they were made while bounding how many runs the device has before it: past the bound,
// they wait here with copies of their arrays, so that a caller that never awaits cannot flood the queue.

export interface Lane {
  /** Does `now` at once where nothing waits; else keeps `copy()` and later does `later` with it. */
  enqueue<T>(now: () => void, copy: () => T, later: (copied: T) => void): void
  /** A run was submitted: counts until the device says it is done. */
  started(): void
  /** Everything enqueued from now on waits for `work`, which must not reject. */
  hold(work: Promise<void>): void
  /** Does `work` after everything enqueued so far has been submitted. */
  after<T>(work: () => Promise<T>): Promise<T>
}

export function createLane(submittedWorkDone: () => Promise<unknown>, maxInFlight: number): Lane {
  const waiting: (() => void)[] = []
  let inFlight = 0
  let held = false
  const pump = (): void => {
    while (!held && inFlight < maxInFlight) {
      const next = waiting.shift()
      if (next === undefined) return
      next()
    }
  }
  const done = (): void => {
    inFlight--
    pump()
  }
  return {
    enqueue(now, copy, later) {
      if (waiting.length === 0 && !held && inFlight < maxInFlight) return now()
      const copied = copy()
      waiting.push(() => later(copied))
    },
    started() {
      inFlight++
      // A lost device settles these too, one way or the other; then nothing waits any more.
      submittedWorkDone().then(done, done)
    },
    hold(work) {
      held = true
      void work.then(() => {
        held = false
        pump()
      })
    },
    after<T>(work: () => Promise<T>): Promise<T> {
      if (waiting.length === 0 && !held) return work()
      return new Promise<T>((resolve, reject) => { waiting.push(() => { work().then(resolve, reject) }) })
    },
  }
}
