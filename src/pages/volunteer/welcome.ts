// The page before anything runs: what would run, and the button that starts it. Also the thanks afterwards.
import type { VolunteerView } from '../../volunteer/view.ts'
import { formatNumber, type Phrase } from '../catalogue/index.ts'
import { h, line, show, text } from '../shared/dom.ts'
import { gathering } from './gathering.ts'
import type { Found } from './status.ts'

export interface WelcomePart {
  readonly element: HTMLElement
  /** What is being trained, as far as the coordinator has told. */
  announce(phrase: Phrase): void
}

/** `choice`: which run, where there are several. */
export function createWelcome(choice: HTMLElement, contribute: () => void): WelcomePart {
  const running = line()
  return {
    element: h('section', { class: 'welcome' },
      h('div', { class: 'words' },
        h('h1', {}, text((c) => c.volunteer.title)),
        h('p', { class: 'lead' }, text((c) => c.volunteer.whatRuns), ' ', text((c) => c.volunteer.nothingBefore)),
        choice,
        h('button', { type: 'button', id: 'contribute', class: 'primary large', onclick: contribute }, text((c) => c.volunteer.contribute)),
        h('p', { class: 'note', id: 'announcement' }, running.node)),
      gathering()),
    announce: (phrase) => running.say(phrase),
  }
}

export interface ThanksPart {
  readonly element: HTMLElement
  update(view: VolunteerView): void
}

export function createThanks(dashboard: HTMLAnchorElement, again: () => void): ThanksPart {
  const given = line()
  return {
    element: h('section', { class: 'welcome thanks' },
      h('div', { class: 'words' },
        h('h1', {}, text((c) => c.volunteer.thanks)),
        h('p', { class: 'lead' }, given.node),
        h('div', { class: 'actions' },
          h('button', { type: 'button', id: 'again', class: 'primary', onclick: again }, text((c) => c.volunteer.contributeAgain)),
          dashboard)),
      gathering()),
    update({ contribution: { examples, evaluatedExamples, acceptedLeases } }) {
      given.say((c) => acceptedLeases === 0 ? c.volunteer.thanksNone : c.volunteer.thanksFor(formatNumber(examples + evaluatedExamples), formatNumber(acceptedLeases)))
    },
  }
}

export interface ProblemPart {
  readonly element: HTMLElement
  update(found: Found): void
}

export function createProblem(): ProblemPart {
  const title = line(), remedy = line(), detail = line(), press = line()
  let address = ''
  const small = h('p', { class: 'detail' }, detail.node)
  return {
    element: h('section', { class: 'card problem', role: 'alert' },
      h('h2', {}, title.node), h('p', {}, remedy.node), small,
      h('div', { class: 'actions' }, h('button', { type: 'button', id: 'reload', class: 'primary', onclick: () => go(address) }, press.node))),
    update({ of, detail: newDetail, elsewhere }) {
      address = elsewhere ? '/' : location.href
      press.say((c) => elsewhere ? c.volunteer.joinCurrent : c.reload)
      title.say((c) => of(c).title)
      remedy.say((c) => of(c).remedy)
      detail.say(() => newDetail)
      show(small, newDetail !== '')
    },
  }
}

/** Assigning the address that is open already would only scroll where it has a fragment. */
function go(address: string): void {
  if (address === location.href) location.reload()
  else location.assign(address)
}
