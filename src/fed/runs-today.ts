// The strategies that the coordinator runs so far, of all that can be written down. To be deleted, with its only call in
// resolve-strategy.ts, once it runs the rest; the compiler then names every place that relied on it.
import { ConfigError } from '../base/errors.ts'
import type { Strategy } from './strategy.ts'

/** Throws ConfigError for what the coordinator does not run yet. */
export function requireRunnable(strategy: Strategy): Strategy {
  const { privacy, work = 'examples' } = strategy
  const refuse = (axis: string, value: string, remedy: string): never => {
    throw new ConfigError(`strategy.${axis}: must be what this coordinator runs, got ${value}, which is laid out but does not run yet. ${remedy}.`)
  }
  if (privacy.serverSees === 'sum') return refuse('privacy.serverSees', '"sum"', 'Use each')
  if (work === 'own') return refuse('work', '"own"', 'Use examples or partition')
  return strategy
}
