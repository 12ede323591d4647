// How old accepted gradients were: one bar for each number of versions. Only asynchronous runs have it.
import type { RunStatus } from '../../wire/dashboard.ts'
import { formatNumber } from '../catalogue/index.ts'
import { h, show, text } from '../shared/dom.ts'

export interface StalenessPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
}

export function createStaleness(): StalenessPart {
  const bars = h('ol', { class: 'histogram' })
  const empty = h('p', { class: 'empty' }, text((c) => c.dashboard.stalenessEmpty))
  const element = h('section', { class: 'card staleness', hidden: true }, h('h2', {}, text((c) => c.dashboard.staleness)), h('p', { class: 'note' }, text((c) => c.dashboard.stalenessNote)), empty, bars)
  return {
    element,
    update({ schedule, staleness }) {
      show(element, schedule !== 'synchronous' && schedule !== 'cohort')
      const most = Math.max(0, ...staleness)
      show(empty, most === 0)
      show(bars, most > 0)
      const items = staleness.map((count, versions) => {
        const bar = h('span', { class: 'bar' })
        bar.style.height = `${(100 * count) / Math.max(1, most)}%`
        return h('li', { title: `${versions}: ${formatNumber(count)}` }, h('span', { class: 'count' }, formatNumber(count)), h('span', { class: 'column' }, bar), h('span', { class: 'versions' }, String(versions)))
      })
      bars.replaceChildren(...items)
    },
  }
}
