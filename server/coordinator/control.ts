// Pausing, resuming and stopping by a person, and the state of a run in one word and one sentence.
import type { RunState } from '../../src/wire/messages.ts'
import type { StepContext } from './effects.ts'
import { revokeLease } from './leases.ts'
import type { CoordinatorState } from './state.ts'

const REASONS = { pause: 'paused from the dashboard', resume: '', stop: 'stopped from the dashboard' } as const

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
  return Object.values(state.volunteers).some(({ connected }) => connected) ? 'running' : 'waiting'
}

/** Why, for people. */
export function runReason(state: CoordinatorState): string {
  switch (runState(state)) {
    case 'finished': return `all ${state.settings.epochs} ${state.settings.parts === undefined ? 'epochs' : 'rounds'} are done`
    case 'stopped': return state.controlReason
    case 'paused': return state.control === 'paused' ? state.controlReason : (state.fault ?? '')
    case 'waiting': return 'waiting for a volunteer: open the volunteer page and press Contribute'
    case 'running': return state.evaluation !== undefined ? `training, and evaluating version ${state.evaluation.modelVersion}` : 'training'
  }
}
