// The box to draw a digit in, and the current model's answer as a bar for each class. The model runs in a worker of its
// own, on the visitor's device; nothing is loaded before somebody draws.
import * as Comlink from 'comlink'
import type { RunStatus } from '../../wire/dashboard.ts'
import { formatNumber, formatPercent } from '../catalogue/index.ts'
import { attribute, h, line, show, text } from '../shared/dom.ts'
import { DIGIT_SIZE, digitImage } from './digit-image.ts'
import { createPad } from './pad.ts'
import type { PredictHost } from './predict-worker.ts'

export interface DrawPart {
  readonly element: HTMLElement
  update(status: RunStatus): void
}

/** A newer model is fetched at most this often while a drawing is on the pad. */
const REFRESH_MS = 3000

export function createDraw(): DrawPart {
  const note = line()
  const bars = createBars()
  let status: RunStatus | undefined
  let predictor: Comlink.Remote<PredictHost> | undefined
  let used: { readonly hash: string; readonly atMs: number; readonly shape: readonly number[]; readonly classNames: readonly string[]; readonly device: string; readonly version: number } | undefined
  let asking = false
  let again = false

  const pad = createPad(() => void ask())

  /** One question at a time; whatever was drawn meanwhile is asked next. */
  async function ask(): Promise<void> {
    again = true
    if (asking) return
    asking = true
    while (again) {
      again = false
      try {
        await answer()
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        note.say((c) => c.dashboard.drawFailed(message))
      }
    }
    asking = false
  }

  async function answer(): Promise<void> {
    const image = digitImage(pad.drawing())
    if (image === undefined) return bars.clear()
    if (status === undefined) return
    predictor ??= Comlink.wrap<PredictHost>(new Worker(new URL('./predict-worker.ts', import.meta.url), { type: 'module', name: 'predict' }))
    const { runId, modelHash, modelVersion } = status
    if (used === undefined || (used.hash !== modelHash && performance.now() - used.atMs >= REFRESH_MS)) {
      if (used === undefined) note.say((c) => c.dashboard.drawLoading)
      used = { ...await predictor.use(runId, modelHash), hash: modelHash, version: modelVersion, atMs: performance.now() }
    }
    const { device, version, classNames, shape } = used
    if (shape.join() !== [DIGIT_SIZE, DIGIT_SIZE, 1].join()) return
    const probabilities = await predictor.answer(image)
    bars.draw([...probabilities], classNames)
    note.say((c) => c.dashboard.drawOn(device, formatNumber(version)))
  }

  const clear = h('button', { type: 'button', id: 'clear', onclick: () => pad.clear() }, text((c) => c.dashboard.clear))
  return {
    element: h('section', { class: 'card draw' },
      h('h2', {}, text((c) => c.dashboard.draw)), h('p', { class: 'note' }, text((c) => c.dashboard.drawNote)),
      h('div', { class: 'drawing' }, h('div', {}, pad.element, clear), bars.element),
      h('p', { class: 'note device' }, note.node)),
    update(next) {
      const newer = status?.modelHash !== next.modelHash
      status = next
      if (newer && used !== undefined && performance.now() - used.atMs >= REFRESH_MS) void ask()
    },
  }
}

function createBars(): { readonly element: HTMLElement; draw(probabilities: readonly number[], names: readonly string[]): void; clear(): void } {
  const names = Array.from({ length: 10 }, (_, i) => String(i))
  const list = h('ol', { class: 'bars', 'aria-live': 'polite' })
  attribute(list, 'aria-label', (c) => c.dashboard.answers)
  let rows: readonly { readonly element: HTMLElement; readonly bar: HTMLElement; readonly percent: Text }[] = []

  function lay(labels: readonly string[]): void {
    rows = labels.map((label) => {
      const bar = h('span', { class: 'bar' }), percent = document.createTextNode('')
      return { element: h('li', { 'data-class': label }, h('span', { class: 'name' }, label), h('span', { class: 'track' }, bar), h('span', { class: 'percent' }, percent)), bar, percent }
    })
    list.replaceChildren(...rows.map(({ element }) => element))
  }

  lay(names)
  return {
    element: list,
    draw(probabilities, labels) {
      if (labels.length !== rows.length) lay(labels)
      const best = probabilities.indexOf(Math.max(...probabilities))
      list.dataset['answer'] = labels[best] ?? String(best)
      rows.forEach(({ element, bar, percent }, i) => {
        const probability = probabilities[i] ?? 0
        bar.style.width = `${100 * probability}%`
        percent.data = formatPercent(probability, 0)
        element.classList.toggle('best', i === best)
      })
      show(list, true)
    },
    clear() {
      delete list.dataset['answer']
      for (const { element, bar, percent } of rows) {
        bar.style.width = '0'
        percent.data = ''
        element.classList.remove('best')
      }
    },
  }
}
