// Pausing, resuming and stopping by a person, and the state of a run in one word and one sentence.
import type { RunReason } from '../../src/wire/dashboard.ts'
import type { RunState } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { revokeLease } from './leases.ts'
import type { CoordinatorState } from './state.ts'

const REASONS = { pause: 'person', resume: '', stop: 'person' } as const

/** Takes effect at once; the record makes it last. */
export function control(state: CoordinatorState, context: StepContext, action: 'pause' | 'resume' | 'stop'): void {
  state.control = action === 'pause' ? 'paused' : action === 'stop' ? 'stopped' : 'running'
  state.controlReason = REASONS[action]
  state.nonFiniteInRow = 0
  if (action !== 'resume') {
    // What is already here is finished; what is still being computed is given back.
    for (const lease of Object.values(state.leases)) if (lease.stage === 'granted' || lease.stage === 'receiving') revokeLease(state, context, lease, 'revoked')
  }
  context.effects.push({ type: 'persist', record: { type: 'control', action, reason: REASONS[action] } })
}

export function runState(state: CoordinatorState): RunState {
  if (state.finished) return 'finished'
  if (state.control !== 'running') return state.control
  if (state.fault !== undefined) return 'paused'
  return state.connected > 0 ? 'running' : 'waiting'
}

export function runReason(state: CoordinatorState): RunReason {
  const { settings, control: action, controlReason, fault = '', evaluation } = state
  switch (runState(state)) {
    case 'finished': return { code: settings.schedule.type === 'cohort' && settings.parts !== undefined ? 'rounds-done' : 'epochs-done', count: settings.epochs }
    case 'stopped': return { code: 'person' }
    case 'paused': return action === 'running' ? { code: 'disk', detail: fault } : { code: controlReason === 'diverged' ? 'diverged' : 'person' }
    case 'waiting': return { code: 'waiting' }
    case 'running': return evaluation === undefined ? { code: 'training' } : { code: 'evaluating', count: evaluation.modelVersion }
  }
}
