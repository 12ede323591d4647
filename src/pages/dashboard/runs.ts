// The runs of this coordinator, where there are several: which one is shown, and how the others are.
import type { RunListing } from '../../wire/dashboard.ts'
import { formatNumber, formatPercent } from '../catalogue/index.ts'
import { addressOf, fetchHealth } from '../shared/api.ts'
import { attribute, h, line, show, type Line } from '../shared/dom.ts'

export interface RunsPart {
  readonly element: HTMLElement
  /** Which run the page shows. */
  current(runId: string): void
}

const REFRESH_MS = 5_000

interface Entry {
  readonly element: HTMLAnchorElement
  readonly title: Line
  readonly state: Line
}

export function createRuns(): RunsPart {
  const list = h('ul')
  const element = h('nav', { class: 'runs', hidden: true }, list)
  attribute(element, 'aria-label', (c) => c.runs.title)
  const entries = new Map<string, Entry>()
  let shown = ''

  function fill(runs: readonly RunListing[]): void {
    show(element, runs.length > 1)
    for (const run of runs) {
      const entry = entries.get(run.runId) ?? createEntry(run)
      if (!entries.has(run.runId)) list.append(h('li', {}, entry.element))
      entries.set(run.runId, entry)
      entry.title.say(() => run.title)
      entry.state.say((c) => [c.runStates[run.state], ...(run.accuracy === undefined ? [] : [formatPercent(run.accuracy)]), c.runs.helpers(formatNumber(run.volunteers))].join(' · '))
    }
    mark()
  }

  function mark(): void {
    for (const [runId, { element: link }] of entries) {
      if (runId === shown) link.setAttribute('aria-current', 'page')
      else link.removeAttribute('aria-current')
    }
  }

  const refresh = (): void => {
    // While nobody looks, nothing is asked; a coordinator that is down says so elsewhere on the page.
    if (!document.hidden) fetchHealth().then(({ runs }) => fill(runs), () => {})
  }
  refresh()
  setInterval(refresh, REFRESH_MS)
  return {
    element,
    current(runId) {
      shown = runId
      mark()
    },
  }
}

function createEntry({ name }: RunListing): Entry {
  const title = line(), state = line()
  return { element: h('a', { href: addressOf('/dashboard', name) }, h('strong', {}, title.node), h('span', { class: 'note' }, state.node)), title, state }
}
