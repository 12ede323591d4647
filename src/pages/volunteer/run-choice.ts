// Which run a volunteer would join, told before they decide; where the coordinator has several, theirs to choose.
import type { RunListing } from '../../wire/dashboard.ts'
import { formatNumber, formatPercent, type Phrase } from '../catalogue/index.ts'
import { fetchHealth, runInAddress } from '../shared/api.ts'
import { h, line, show, text } from '../shared/dom.ts'

export interface RunChoice {
  readonly element: HTMLElement
  /** By name, once what there is is known; the coordinator's first one where undefined. */
  chosen(): Promise<string | undefined>
}

export interface RunChoiceEvents {
  /** What would be trained, as far as it is known. */
  announce(phrase: Phrase): void
  onChoice(name: string): void
}

/** Failing to find out is no obstacle: joining finds out too. */
export function createRunChoice({ announce, onChoice }: RunChoiceEvents): RunChoice {
  const options = h('div', { class: 'options' })
  const element = h('fieldset', { class: 'run-choice', hidden: true }, h('legend', {}, text((c) => c.runs.choose)), options)
  let chosen = runInAddress()

  function choose({ name, title }: RunListing): void {
    chosen = name
    onChoice(name)
    announce((c) => c.volunteer.training(title))
  }

  async function learn(): Promise<void> {
    const { runs } = await fetchHealth()
    const first = runs.find(({ name, runId }) => name === chosen || runId === chosen) ?? (chosen === undefined ? neediest(runs) : undefined)
    if (first === undefined) return
    // Where there is one only, whatever run takes its place later is meant too.
    if (runs.length === 1) return announce((c) => c.volunteer.training(first.title))
    choose(first)
    show(element, true)
    options.replaceChildren(...runs.map((run) => createOption(run, run === first, () => choose(run))))
  }

  const learned = learn().catch(() => announce((c) => c.volunteer.unreachable))
  return { element, chosen: () => learned.then(() => chosen) }
}

/** Of those that still go on, the first with the fewest volunteers. */
function neediest(runs: readonly RunListing[]): RunListing | undefined {
  const open = runs.filter(({ state }) => state !== 'finished' && state !== 'stopped')
  return open.toSorted((a, b) => a.volunteers - b.volunteers)[0] ?? runs[0]
}

function createOption({ name, title, state, accuracy, volunteers }: RunListing, checked: boolean, choose: () => void): HTMLElement {
  const how = line((c) => [c.runStates[state], ...(accuracy === undefined ? [] : [formatPercent(accuracy)]), c.runs.helpers(formatNumber(volunteers))].join(' · '))
  return h('label', {}, h('input', { type: 'radio', name: 'run', value: name, checked, onchange: choose }), h('span', {}, h('strong', {}, title), h('span', { class: 'note' }, how.node)))
}
