// Who is contributing. A table on wide screens; CSS lays the same rows out as cards on a phone.
import type { RunStatus, VolunteerStatus } from '../../wire/dashboard.ts'
import type { Catalogue } from '../catalogue/en.ts'
import { formatBytes, formatNumber, formatPercent, type Phrase } from '../catalogue/index.ts'
import { addressOf } from '../shared/api.ts'
import { attribute, h, line, show, text, type Line } from '../shared/dom.ts'

export interface VolunteersPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
}

type Column = keyof Catalogue['dashboard']['columns']
const COLUMNS: readonly Column[] = ['volunteer', 'adapter', 'activity', 'speed', 'network', 'examples', 'leases', 'reliability']

interface Row {
  readonly element: HTMLTableRowElement
  readonly cells: Readonly<Record<Column, Line>>
}

export function createVolunteers(invitation: HTMLElement): VolunteersPart {
  const rows = new Map<string, Row>()
  const body = h('tbody')
  const table = h('table', {}, h('thead', {}, h('tr', {}, ...COLUMNS.map((column) => h('th', { scope: 'col', class: column }, text((c) => c.dashboard.columns[column]))))), body)
  const unlisted = line(), more = h('p', { class: 'more' }, unlisted.node)
  const empty = h('p', { class: 'empty' }, text((c) => c.dashboard.volunteersEmpty))
  const invite = h('h3', {}, text((c) => c.dashboard.invite))
  return {
    element: h('section', { class: 'card volunteers' }, h('h2', {}, text((c) => c.dashboard.volunteers)), table, more, empty, invite, invitation),
    update({ volunteers, unlisted: count }) {
      show(table, volunteers.length > 0)
      show(empty, volunteers.length === 0)
      show(more, count > 0)
      unlisted.say((c) => c.dashboard.volunteersMore(formatNumber(count)))
      show(invite, volunteers.length > 0)
      const present = new Set(volunteers.map(({ id }) => id))
      for (const [id, row] of rows) {
        if (present.has(id)) continue
        row.element.remove()
        rows.delete(id)
      }
      for (const volunteer of volunteers) {
        const row = rows.get(volunteer.id) ?? createRow(volunteer.id)
        rows.set(volunteer.id, row)
        fill(row, volunteer)
        body.append(row.element)
      }
    },
  }
}

function createRow(id: string): Row {
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, line()])) as Record<Column, Line>
  const element = h('tr', { 'data-volunteer': id }, ...COLUMNS.map((column) => {
    const cell = h('td', { class: column }, cells[column].node)
    attribute(cell, 'data-label', (c) => c.dashboard.columns[column])
    return cell
  }))
  return { element, cells }
}

function fill({ element, cells }: Row, volunteer: VolunteerStatus): void {
  element.dataset['activity'] = volunteer.activity
  cells.volunteer.say(() => volunteer.id)
  cells.adapter.say(() => volunteer.adapter)
  cells.activity.say((c) => c.dashboard.activities[volunteer.activity])
  cells.speed.say(() => volunteer.examplesPerSecond === 0 ? '–' : formatNumber(volunteer.examplesPerSecond))
  const { up, down } = volunteer.bytesPerSecond
  cells.network.say((c) => [up, down].map((each) => each === 0 ? '–' : c.dashboard.bytesPerSecond(formatBytes(each))).join(' / '))
  cells.examples.say(() => formatNumber(volunteer.examples))
  const leases: Phrase = (c) => [
    formatNumber(volunteer.acceptedLeases),
    ...(volunteer.lostLeases > 0 ? [c.dashboard.lostLeases(formatNumber(volunteer.lostLeases))] : []),
    ...(volunteer.refusedLeases > 0 ? [c.dashboard.refusedLeases(formatNumber(volunteer.refusedLeases))] : []),
  ].join(' · ')
  cells.leases.say(leases)
  cells.reliability.say(() => volunteer.acceptedLeases + volunteer.lostLeases + volunteer.refusedLeases === 0 ? '–' : formatPercent(volunteer.reliability, 0))
}

/** The address to send to friends. */
export function createInvitation(run: string | undefined): HTMLElement {
  const address = new URL(addressOf('/', run), location.origin).href
  const label = line((c) => c.dashboard.copy)
  const copy = h('button', { type: 'button', onclick: () => {
    void navigator.clipboard.writeText(address).then(() => {
      label.say((c) => c.dashboard.copied)
      setTimeout(() => label.say((c) => c.dashboard.copy), 2000)
    })
  } }, label.node)
  show(copy, isSecureContext)
  const local = /^(localhost|127\.|\[::1\])/.test(location.hostname)
  return h('div', { class: 'invitation' }, h('a', { href: address }, address), copy, ...(local ? [h('p', { class: 'note' }, text((c) => c.dashboard.inviteLocal))] : []))
}
