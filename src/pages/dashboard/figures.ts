// The numbers that can be read from the back row.
import type { CurvePoint, RunStatus } from '../../wire/dashboard.ts'
import { formatNumber, formatPercent, type Phrase } from '../catalogue/index.ts'
import { h, line, show, text, type Line } from '../shared/dom.ts'

export interface FiguresPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
  curve(points: readonly CurvePoint[]): void
}

interface Figure {
  readonly element: HTMLElement
  readonly value: Line
  readonly note: Line
  readonly bar: HTMLProgressElement
}

/** Schedules whose versions are rounds. */
const ROUNDS: readonly RunStatus['schedule'][] = ['synchronous', 'cohort']

export function createFigures(): FiguresPart {
  const accuracy = figure('accuracy', (c) => c.dashboard.accuracy)
  const loss = figure('loss', (c) => c.dashboard.testLoss)
  const speed = figure('speed', (c) => c.dashboard.speed)
  const epoch = figure('epoch', (c) => c.dashboard.epoch)
  const volunteers = figure('volunteers', (c) => c.dashboard.volunteers)
  const all = [accuracy, loss, speed, epoch, volunteers]
  for (const { bar } of [accuracy, loss, speed, volunteers]) show(bar, false)
  return {
    element: h('dl', { class: 'figures card' }, ...all.map(({ element }) => element)),
    update(status) {
      const { evaluation, nextVersion } = status
      accuracy.value.say((c) => evaluation === undefined ? c.dashboard.notYet : formatPercent(evaluation.accuracy))
      accuracy.note.say((c) => evaluation === undefined ? '' : c.dashboard.ofTest(formatNumber(evaluation.examples), formatNumber(evaluation.modelVersion)))
      loss.value.say((c) => evaluation === undefined ? c.dashboard.notYet : formatNumber(evaluation.loss, 3))
      accuracy.element.classList.toggle('missing', evaluation === undefined)
      loss.element.classList.toggle('missing', evaluation === undefined)
      speed.value.say(() => formatNumber(status.examplesPerSecond))
      speed.note.say((c) => c.dashboard.inAll(formatNumber(status.examples)))
      epoch.value.say(() => formatNumber(status.epoch + 1))
      epoch.bar.max = Math.max(1, status.examplesPerEpoch)
      epoch.bar.value = status.examples - status.epoch * status.examplesPerEpoch
      epoch.note.say((c) => nextVersion === undefined ? '' : ROUNDS.includes(status.schedule) ? c.dashboard.round(formatNumber(nextVersion.number)) : `${c.dashboard.version} ${formatNumber(status.modelVersion)}`)
      volunteers.value.say(() => formatNumber(status.connected))
    },
    curve(points) {
      const trainLoss = points.findLast((point) => point.trainLoss !== undefined)?.trainLoss
      loss.note.say((c) => trainLoss === undefined ? '' : `${c.dashboard.trainLoss} ${formatNumber(trainLoss, 3)}`)
    },
  }
}

function figure(name: string, label: Phrase): Figure {
  const value = line(), note = line()
  const bar = h('progress', { max: '1', value: '0', 'aria-hidden': 'true' })
  return { element: h('div', { class: name }, h('dt', {}, text(label)), h('dd', { class: 'value', 'data-figure': name }, value.node), h('dd', { class: 'note' }, bar, note.node)), value, note, bar }
}
