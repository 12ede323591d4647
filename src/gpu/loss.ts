// Knows whether the device is lost, and makes promises that wait for it reject then: browsers leave some pending forever.
import { DeviceLostError } from '../graph/plan.ts'

export interface Loss {
  /** Resolves with the reason, once. */
  readonly lost: Promise<string>
  /** Throws DeviceLostError once the device is gone. */
  check(): void
  /** `work`, or a DeviceLostError if the device goes first. */
  guard<T>(work: Promise<T>): Promise<T>
}

export function watchLoss(lost: Promise<string>): Loss {
  let error: DeviceLostError | undefined
  // Not Promise.race with `lost`: that would keep every promise ever raced for as long as the device lives.
  const pending = new Set<(error: DeviceLostError) => void>()
  const watched = lost.then((reason) => {
    error = new DeviceLostError(`GPU device: must be there, got lost (${reason}). Make a new runner.`)
    for (const reject of pending) reject(error)
    pending.clear()
    return reason
  })
  return {
    lost: watched,
    check() {
      if (error !== undefined) throw error
    },
    guard<T>(work: Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (error !== undefined) return reject(error)
        pending.add(reject)
        work.then(resolve, reject).finally(() => pending.delete(reject))
      })
    },
  }
}
