// The head of the dashboard: which run, how it is, and its controls.
import type { Control, RunReason, RunStatus } from '../../wire/dashboard.ts'
import { formatNumber, type Phrase } from '../catalogue/index.ts'
import { h, line, show, text } from '../shared/dom.ts'

export interface OverviewPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
  connection(connected: boolean): void
}

type Act = (action: Control['action']) => Promise<string | undefined>

/** `act` is absent for those who may only look. */
export function createOverview(act: Act | undefined): OverviewPart {
  const title = line((c) => c.dashboard.connecting), state = line(), reason = line(), trouble = line()
  const badge = h('span', { class: 'badge' }, state.node)
  const controls = createControls(act, trouble.say)
  const troubleNote = h('p', { class: 'trouble', role: 'alert', hidden: true }, trouble.node)
  const gone = h('p', { class: 'gone', role: 'status', hidden: true }, text((c) => c.dashboard.gone))
  return {
    element: h('section', { class: 'overview' },
      h('div', { class: 'run' }, h('h1', {}, title.node), h('p', { class: 'state' }, badge, h('span', { class: 'note' }, reason.node))),
      controls.element, troubleNote, gone),
    update(status) {
      title.say(() => status.title)
      state.say((c) => c.runStates[status.state])
      reason.say(reasonOf(status.reason))
      badge.dataset['state'] = status.state
      controls.update(status)
    },
    connection(connected) {
      show(gone, !connected)
    },
  }

  function createControls(perform: Act | undefined, say: (phrase: Phrase) => void): { readonly element: HTMLElement; update(status: RunStatus): void } {
    if (perform === undefined) return { element: h('p', { class: 'note readonly' }, text((c) => c.dashboard.readOnly)), update: () => {} }
    const press = async (action: Control['action']): Promise<void> => {
      const message = await perform(action)
      say((c) => message === undefined ? '' : c.dashboard.controlFailed(message))
      show(troubleNote, message !== undefined)
    }
    const pause = h('button', { type: 'button', id: 'pause', onclick: () => void press('pause') }, text((c) => c.dashboard.pause))
    const resume = h('button', { type: 'button', id: 'resume', class: 'primary', onclick: () => void press('resume') }, text((c) => c.dashboard.resume))
    const confirm = createConfirmation(() => void press('stop'))
    const stop = h('button', { type: 'button', id: 'stop', class: 'danger', onclick: () => confirm.showModal() }, text((c) => c.dashboard.stop))
    return {
      element: h('div', { class: 'actions' }, pause, resume, stop, confirm),
      update({ state: now }) {
        const over = now === 'stopped' || now === 'finished'
        show(pause, now !== 'paused')
        show(resume, now === 'paused')
        pause.disabled = over
        stop.disabled = over
      },
    }
  }
}

function reasonOf({ code, count = 0, detail = '' }: RunReason): Phrase {
  return (c) => c.dashboard.reasons[code](code === 'disk' ? detail : formatNumber(count))
}

function createConfirmation(stop: () => void): HTMLDialogElement {
  const dialog = h('dialog', { class: 'card', 'aria-labelledby': 'stop-title' },
    h('h2', { id: 'stop-title' }, text((c) => c.dashboard.stopTitle)),
    h('p', {}, text((c) => c.dashboard.stopText)),
    h('form', { method: 'dialog', class: 'actions' },
      h('button', { value: 'cancel' }, text((c) => c.dashboard.cancel)),
      h('button', { value: 'stop', id: 'confirm-stop', class: 'danger' }, text((c) => c.dashboard.stopConfirm))))
  dialog.addEventListener('close', () => { if (dialog.returnValue === 'stop') stop() })
  return dialog
}
