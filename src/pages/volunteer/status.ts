// What the page says about each state: a headline, a note under it, and how far along it is.
import type { FailureKind, SessionState, VolunteerView } from '../../volunteer/view.ts'
import { formatNumber, type Phrase } from '../catalogue/index.ts'
import type { Catalogue, Problem } from '../catalogue/en.ts'

export interface Status {
  readonly headline: Phrase
  readonly note: Phrase
  /** 0..1 of something under way; `undefined` where there is nothing to measure. */
  readonly fraction?: number
  /** Something is being computed or fetched: the emblem moves. */
  readonly busy: boolean
}

type Of<S extends SessionState['state']> = Extract<SessionState, { readonly state: S }>

/** `sinceMs`: time since the view was made, for countdowns. */
export function describeStatus(view: VolunteerView, sinceMs: number): Status {
  const session = view.session
  const trouble = view.trouble
  switch (session.state) {
    case 'connecting': return { headline: (c) => c.volunteer.states.connecting, note: (c) => c.volunteer.notes.connecting, busy: true }
    case 'preparing': return preparing(session)
    case 'waiting': return waiting(session, trouble)
    case 'leased': return leased(session, trouble)
    case 'paused': return { headline: (c) => c.volunteer.states.paused, note: (c) => c.volunteer.notes.paused, busy: false }
    case 'disconnected': return disconnected(session, sinceMs)
    case 'refused': case 'failed': case 'stopped': return { headline: (c) => c.volunteer.states.stopped, note: () => '', busy: false }
  }
}

function preparing({ fraction, doing }: Of<'preparing'>): Status {
  const headline: Phrase = doing === 'gpu' ? (c) => c.volunteer.states.openingGpu
    : doing === 'comparing' ? (c) => c.volunteer.states.comparing
    : doing === 'compiling' ? (c) => c.volunteer.states.compiling
    : doing === '' || doing.startsWith('allocating') ? (c) => c.volunteer.states.preparing
    : (c) => c.volunteer.states.tuning
  return { headline, note: (c) => c.volunteer.notes.preparing, fraction, busy: true }
}

function waiting({ runState }: Of<'waiting'>, trouble: string | undefined): Status {
  const notes: Record<Of<'waiting'>['runState'], Phrase> = {
    waiting: (c) => c.volunteer.notes.runWaiting,
    running: (c) => trouble === undefined ? c.volunteer.notes.waiting : c.volunteer.notes.trouble(trouble),
    paused: (c) => c.volunteer.notes.runPaused,
    stopped: (c) => c.volunteer.notes.runStopped,
    finished: (c) => c.volunteer.notes.runFinished,
  }
  const headline: Phrase = runState === 'running' || runState === 'waiting' ? (c) => c.volunteer.states.waiting : (c) => `${c.volunteer.run}: ${c.runStates[runState]}`
  return { headline, note: notes[runState], busy: false }
}

function leased({ phase, kind, fraction, numExamples }: Of<'leased'>, trouble: string | undefined): Status {
  const headline: Phrase = phase === 'computing' && kind === 'evaluate' ? (c) => c.volunteer.states.evaluating : (c) => c.volunteer.states[phase]
  const note: Phrase = trouble === undefined ? (c) => c.volunteer.notes.computing(formatNumber(numExamples)) : (c) => c.volunteer.notes.trouble(trouble)
  return { headline, note, fraction: phase === 'uploading' ? 1 : fraction, busy: true }
}

function disconnected({ retryInMs, working }: Of<'disconnected'>, sinceMs: number): Status {
  const leftMs = retryInMs - sinceMs
  const again: Phrase = leftMs > 500 ? (c) => c.volunteer.notes.retrying(formatNumber(Math.ceil(leftMs / 1000))) : (c) => c.volunteer.notes.retryingNow
  return { headline: (c) => c.volunteer.states.disconnected, note: (c) => working ? `${again(c)} ${c.volunteer.notes.workingMeanwhile}` : again(c), busy: working }
}

/** What ended a session against the person's will. */
export interface Found {
  readonly of: (c: Catalogue) => Problem
  /** The error's own words, where they add something. */
  readonly detail: string
  /** True where the remedy is another address; a reload everywhere else. */
  readonly elsewhere: boolean
}

const SAYS_IT_ALL: readonly FailureKind[] = ['no-webgpu', 'insecure', 'no-adapter', 'too-old']

export function problemOf(session: SessionState): Found | undefined {
  if (session.state === 'failed') return { of: (c) => c.failures[session.failure], detail: SAYS_IT_ALL.includes(session.failure) ? '' : session.message, elsewhere: false }
  if (session.state === 'refused') return { of: (c) => c.refusals[session.code] ?? c.refusedOtherwise(session.message), detail: '', elsewhere: session.code === 'unknown-run' }
  return undefined
}
