// The working part of the page: what is going on, what has been given, and the two buttons.
import type { VolunteerView } from '../../volunteer/view.ts'
import { formatBytes, formatNumber, type Phrase } from '../catalogue/index.ts'
import { attribute, h, line, show, text, type Line } from '../shared/dom.ts'
import { createSparkline } from '../shared/sparkline.ts'
import { describeStatus } from './status.ts'

export interface ContributionPart {
  readonly element: HTMLElement
  update(view: VolunteerView, sinceMs: number): void
}

export interface Controls {
  pause(): void
  resume(): void
  stop(): void
}

interface Figure {
  readonly element: HTMLElement
  readonly value: Line
}

export function createContribution(controls: Controls): ContributionPart {
  const headline = line(), note = line()
  const bar = h('progress', { max: '1', value: '0' })
  attribute(bar, 'aria-label', (c) => c.volunteer.working)
  const pulse = h('span', { class: 'pulse', 'aria-hidden': 'true' })
  const status = h('div', { class: 'status' }, pulse, h('div', {}, h('h2', { role: 'status' }, headline.node), h('p', { class: 'note' }, note.node)))

  const examples = figure((c) => c.volunteer.examples), leases = figure((c) => c.volunteer.leases)
  const speed = figure((c) => c.volunteer.speed), version = figure((c) => c.volunteer.version)
  const figures = h('dl', { class: 'figures' }, examples.element, leases.element, speed.element, version.element)
  const loss = createLoss()
  const details = createDetails()

  const pause = button('pause', (c) => c.volunteer.pause, () => controls.pause())
  const resume = button('resume', (c) => c.volunteer.resume, () => controls.resume())
  const stop = button('stop', (c) => c.volunteer.stop, () => controls.stop())
  pause.classList.add('primary')
  resume.classList.add('primary')

  return {
    element: h('section', { class: 'card working' }, status, bar, figures, loss.element, h('div', { class: 'actions' }, pause, resume, stop), details.element),
    update(view, sinceMs) {
      const { headline: newHeadline, note: newNote, fraction, busy } = describeStatus(view, sinceMs)
      headline.say(newHeadline)
      note.say(newNote)
      bar.value = fraction ?? 0
      bar.classList.toggle('empty', fraction === undefined)
      pulse.classList.toggle('busy', busy)
      const { contribution } = view
      examples.value.say(() => formatNumber(contribution.examples))
      leases.value.say(() => formatNumber(contribution.acceptedLeases))
      speed.value.say(() => formatNumber(view.examplesPerSecond, view.examplesPerSecond < 10 ? 1 : 0))
      version.value.say(() => formatNumber(view.modelVersion))
      loss.update(view.losses)
      details.update(view)
      show(pause, view.session.state !== 'paused')
      show(resume, view.session.state === 'paused')
    },
  }
}

function figure(label: Phrase): Figure {
  const value = line()
  return { element: h('div', {}, h('dt', {}, text(label)), h('dd', {}, value.node)), value }
}

function button(id: string, label: Phrase, press: () => void): HTMLButtonElement {
  return h('button', { type: 'button', id, onclick: press }, text(label))
}

function createLoss(): { readonly element: HTMLElement; update(losses: readonly number[]): void } {
  const sparkline = createSparkline()
  const latest = line()
  const empty = h('p', { class: 'empty' }, text((c) => c.volunteer.lossEmpty))
  const element = h('figure', { class: 'loss' }, h('figcaption', {}, h('span', {}, text((c) => c.volunteer.loss)), h('strong', {}, latest.node)), sparkline.element, empty)
  const label = attribute(sparkline.element, 'aria-label', () => '')
  return {
    element,
    update(losses) {
      const last = losses.at(-1)
      latest.say(() => last === undefined ? '' : formatNumber(last, 3))
      label((c) => last === undefined ? c.volunteer.lossEmpty : c.volunteer.lossLabel(formatNumber(last, 3), formatNumber(losses.length)))
      sparkline.draw(losses)
      element.classList.toggle('drawn', losses.length > 1)
      show(empty, losses.length < 2)
    },
  }
}

function createDetails(): { readonly element: HTMLElement; update(view: VolunteerView): void } {
  const rows = { run: row((c) => c.volunteer.run), model: row((c) => c.volunteer.model), device: row((c) => c.volunteer.device), memory: row((c) => c.volunteer.memory), storage: row((c) => c.volunteer.storage), evaluated: row((c) => c.volunteer.evaluated), traffic: row((c) => c.volunteer.traffic) }
  const reason = line()
  const because = h('p', { class: 'because' }, reason.node)
  const element = h('div', {}, h('dl', { class: 'details' }, ...Object.values(rows).map((each) => each.element)), because)
  return {
    element,
    update({ run, adapter, memoryBytes, storage, contribution }) {
      rows.run.value.say(() => run?.title ?? '–')
      rows.model.value.say(() => run?.modelName ?? '–')
      const emulated = adapter?.runner === 'gpu' && adapter.software && !/software/i.test(adapter.name)
      rows.device.value.say((c) => adapter === undefined ? '–' : emulated ? `${adapter.name} (${c.volunteer.software})` : adapter.name)
      rows.memory.value.say(() => memoryBytes === undefined ? '–' : formatBytes(memoryBytes))
      rows.storage.value.say((c) => storage === undefined ? '–' : c.volunteer.storages[run?.storage === storage ? storage : 'no-f16'])
      const why = adapter?.because ?? 'hardware'
      show(because, why !== 'hardware')
      reason.say((c) => why === 'hardware' ? '' : c.volunteer.because[why])
      rows.evaluated.value.say(() => formatNumber(contribution.evaluatedExamples))
      rows.traffic.value.say(() => `${formatBytes(contribution.bytesUp)} / ${formatBytes(contribution.bytesDown)}`)
    },
  }
}

const row = figure
