// What went over the wire, what was refused and why, and the model itself to take away.
import type { RunStatus } from '../../wire/dashboard.ts'
import type { RefusalCode } from '../../wire/messages.ts'
import { formatBytes, formatDuration, formatNumber, type Phrase } from '../catalogue/index.ts'
import { h, line, text } from '../shared/dom.ts'

export interface AccountsPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
}

type Value = (status: RunStatus) => Phrase

const ROWS: readonly (readonly [name: string, label: Phrase, value: Value])[] = [
  ['model', (c) => c.dashboard.modelName, (s) => () => s.modelName],
  ['params', (c) => c.dashboard.params, (s) => () => formatNumber(s.params)],
  ['version', (c) => c.dashboard.version, (s) => () => formatNumber(s.modelVersion)],
  ['seconds', (c) => c.dashboard.time, (s) => () => formatDuration(s.seconds)],
  ['bytesUp', (c) => c.dashboard.bytesUp, received],
  ['bytesDown', (c) => c.dashboard.bytesDown, (s) => () => formatBytes(s.bytesDown)],
  ['accepted', (c) => c.dashboard.accepted, (s) => () => formatNumber(s.accepted)],
  ['expired', (c) => c.dashboard.expired, (s) => () => formatNumber(s.expired)],
  ['refused', (c) => c.dashboard.refused, refusals],
  ['clamped', (c) => c.dashboard.clamped, (s) => () => formatNumber(s.clampedElements)],
  ['rechecks', (c) => c.dashboard.rechecks, (s) => (c) => s.rechecks.done === 0 ? '0' : c.dashboard.rechecksOf(formatNumber(s.rechecks.done), formatNumber(s.rechecks.disagreed))],
]

export function createAccounts(): AccountsPart {
  const rows = ROWS.map(([name, label, value]) => {
    const shown = line()
    return { element: h('div', {}, h('dt', {}, text(label)), h('dd', { 'data-account': name }, shown.node)), shown, value }
  })
  const download = h('a', { class: 'button', id: 'download', download: true }, text((c) => c.dashboard.download))
  return {
    element: h('section', { class: 'card accounts' },
      h('h2', {}, text((c) => c.dashboard.accounts)),
      h('dl', { class: 'details' }, ...rows.map(({ element }) => element)),
      h('p', { class: 'download' }, download, h('span', { class: 'note' }, text((c) => c.dashboard.downloadNote)))),
    update(status) {
      for (const { shown, value } of rows) shown.say(value(status))
      download.href = `/runs/${encodeURIComponent(status.runId)}/model.safetensors`
    },
  }
}

/** How much less it is than plain floats would be, where the codec saves anything. */
function received({ bytesUp, params, updateBytes }: RunStatus): Phrase {
  const times = (params * 4) / updateBytes
  return (c) => times > 1.05 ? c.dashboard.smallerBy(formatBytes(bytesUp), formatNumber(times, 1)) : formatBytes(bytesUp)
}

function refusals({ refused }: RunStatus): Phrase {
  const entries = Object.entries(refused) as [RefusalCode, number][]
  const seen = entries.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a)
  return (c) => seen.length === 0 ? c.dashboard.refusedNone : seen.map(([code, count]) => `${formatNumber(count)} ${c.dashboard.refusalCodes[code]}`).join(', ')
}
