// When a long benchmark must stop: from the first Ctrl-C on, or when its time is up. A second Ctrl-C ends at once.
import { ConfigError } from '../../../src/base/errors.ts'

/** `minutes` as it was written on the command line. By the time of day: a timer would wait for arithmetic that never pauses. */
export function interruption(minutes: string | undefined): () => boolean {
  const limit = Number(minutes ?? Infinity)
  if (!(limit > 0)) throw new ConfigError(`--max-minutes: must be above 0, got "${minutes}".`)
  const endsAt = Date.now() + limit * 60_000
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
    console.log('Stopping; the same command goes on from here. Ctrl-C again ends at once.')
    process.once('SIGINT', () => process.exit(130))
  })
  return () => interrupted || Date.now() > endsAt
}
