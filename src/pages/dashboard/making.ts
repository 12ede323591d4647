// The version in the making: a slot for each update that it waits for, or a bar where it waits for examples, and the time
// until its deadline or tick.
import type { NextVersion, RunStatus } from '../../wire/dashboard.ts'
import { formatNumber, type Phrase } from '../catalogue/index.ts'
import { h, line, show } from '../shared/dom.ts'

export interface MakingPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
}

type SlotState = 'in' | 'out' | 'open'

/** More slots than these are drawn as a bar. */
const MOST_SLOTS = 120

export function createMaking(): MakingPart {
  const title = line(), caption = line(), time = line()
  const slots = h('div', { class: 'slots', 'aria-hidden': 'true' })
  const bar = createBar()
  const clock = h('progress', { max: '1', value: '0', 'aria-hidden': 'true' })
  const timing = h('p', { class: 'timing' }, clock, h('span', {}, time.node))
  return {
    element: h('div', { class: 'making' }, h('p', { class: 'now' }, h('strong', {}, title.node), h('span', {}, caption.node)), slots, bar.element, timing),
    update(status) {
      const { nextVersion: next, schedule } = status
      title.say((c) => next === undefined ? '' : schedule === 'synchronous' || schedule === 'cohort' ? c.dashboard.round(formatNumber(next.number)) : c.making.version(formatNumber(next.number)))
      caption.say(next === undefined ? (c) => c.making.done : captionOf(schedule, next))
      const states = next === undefined || schedule === 'synchronous' ? [] : slotsOf(schedule, next)
      const asSlots = states.length > 0 && states.length <= MOST_SLOTS
      show(slots, asSlots)
      show(bar.element, next !== undefined && !asSlots && next.wanted !== undefined)
      if (asSlots) drawSlots(slots, states)
      else if (next !== undefined) bar.draw(next)
      show(timing, next?.limitMs !== undefined && next.accepted + next.out > 0)
      if (next?.limitMs === undefined) return
      const leftMs = next.limitMs - (next.ageMs ?? 0)
      clock.value = Math.min(1, (next.ageMs ?? 0) / next.limitMs)
      time.say(timeOf(schedule, leftMs))
    },
  }
}

function captionOf(schedule: RunStatus['schedule'], { accepted, out, wanted = 0 }: NextVersion): Phrase {
  const [a, o, w] = [accepted, out, wanted].map((value) => formatNumber(value)) as [string, string, string]
  switch (schedule) {
    case 'synchronous': return (c) => c.making.synchronous(a, w, o)
    case 'cohort': return (c) => c.making.cohort(a, w, o)
    case 'asynchronous': return (c) => c.making.asynchronous(o)
    case 'buffered': return (c) => c.making.buffered(a, w, o)
    case 'semi-synchronous': return (c) => c.making.semiSynchronous(a, o)
  }
}

function timeOf(schedule: RunStatus['schedule'], leftMs: number): Phrase {
  const left = formatNumber(Math.max(0, Math.ceil(leftMs / 1000)))
  if (schedule === 'semi-synchronous') return (c) => c.making.tick(left)
  return leftMs <= 0 ? (c) => c.making.overdue : (c) => c.making.deadline(left)
}

/** A round's slots are its participants; a buffer's are its updates, with those that are being computed beside it. */
export function slotsOf(schedule: RunStatus['schedule'], { accepted, out, wanted = 0 }: NextVersion): readonly SlotState[] {
  const repeat = (state: SlotState, count: number): SlotState[] => Array.from({ length: Math.max(0, count) }, () => state)
  const computing = repeat('out', out)
  if (schedule === 'asynchronous' || schedule === 'semi-synchronous') return [...repeat('in', accepted), ...computing]
  return [...repeat('in', accepted), ...computing, ...repeat('open', wanted - accepted - out)]
}

function drawSlots(holder: HTMLElement, states: readonly SlotState[]): void {
  while (holder.childElementCount > states.length) holder.lastElementChild?.remove()
  while (holder.childElementCount < states.length) holder.append(h('span'))
  states.forEach((state, i) => { (holder.children[i] as HTMLElement).dataset['state'] = state })
}

function createBar(): { readonly element: HTMLElement; draw(next: NextVersion): void } {
  const accepted = h('span', { class: 'in' }), out = h('span', { class: 'out' })
  return {
    element: h('div', { class: 'share', 'aria-hidden': 'true' }, accepted, out),
    draw(next) {
      const wanted = Math.max(1, next.wanted ?? 1)
      accepted.style.width = `${Math.min(100, (100 * next.accepted) / wanted)}%`
      out.style.width = `${Math.min(100, (100 * next.out) / wanted)}%`
    },
  }
}
