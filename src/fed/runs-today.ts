// The strategies that the coordinator runs so far, of all that can be written down. To be deleted, with its only call in
// resolve-strategy.ts, once it runs the rest; the compiler then names every place that relied on it.
import { ConfigError } from '../base/errors.ts'
import type { Schedule, Strategy } from './strategy.ts'

export type RunnableSchedule = Extract<Schedule, { readonly type: 'synchronous' | 'asynchronous' | 'cohort' }>
export type RunnableStrategy = Omit<Strategy, 'schedule'> & { readonly schedule: RunnableSchedule }

/** Throws ConfigError for what the coordinator does not run yet. */
export function requireRunnable(strategy: Strategy): RunnableStrategy {
  const { schedule, corrections = [], privacy, work = 'examples' } = strategy
  const refuse = (axis: string, value: string, remedy: string): never => {
    throw new ConfigError(`strategy.${axis}: must be what this coordinator runs, got ${value}, which is laid out but does not run yet. ${remedy}.`)
  }
  if (schedule.type !== 'synchronous' && schedule.type !== 'asynchronous' && schedule.type !== 'cohort') return refuse('schedule.type', `"${schedule.type}"`, 'Use synchronous, asynchronous or cohort')
  if (schedule.type !== 'asynchronous' && schedule.overSelection !== undefined) return refuse('schedule.overSelection', String(schedule.overSelection), 'Remove it')
  const stateful = corrections.map(({ name }) => name).filter((name) => name !== 'fed-prox')
  if (stateful.length > 0) return refuse('corrections', stateful.join(', '), 'Use fed-prox, or remove them')
  if (privacy.serverSees === 'sum') return refuse('privacy.serverSees', '"sum"', 'Use each')
  if (work === 'own') return refuse('work', '"own"', 'Use examples or partition')
  return { ...strategy, schedule }
}
