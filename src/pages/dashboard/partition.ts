// Who has which data: a column for each part, stacked by class. Pointing at one, or the slider below, reads it out.
import type { PartitionPicture, RunStatus } from '../../wire/dashboard.ts'
import { formatNumber, type Phrase } from '../catalogue/index.ts'
import { attribute, h, line, show, text } from '../shared/dom.ts'
import { histogramOf, layOut, partAt, sizeOf, summarise, type PartitionLayout } from './partition-layout.ts'

export interface PartitionPart {
  readonly element: HTMLElement
  show(picture: PartitionPicture): void
  update(status: RunStatus): void
}

/** Ten that stay apart in either light, also for most who see fewer colours (after Paul Tol's muted scheme). */
const PALETTE = ['#cc6677', '#5b4cc0', '#d9c65a', '#2f9152', '#7fc4e8', '#9c3a6b', '#44aa99', '#8f8f33', '#c272b8', '#8a949e'] as const

const colourOf = (label: number, classes: number): string => (classes <= PALETTE.length ? PALETTE[label]! : `hsl(${(360 * label) / classes} 55% 55%)`)

export function createPartition(): PartitionPart {
  const canvas = h('canvas', { role: 'img' })
  const slider = h('input', { type: 'range', min: '1', value: '1', step: '1' })
  const summary = line(), reading = line(), firstOf = line()
  const legend = h('ul', { class: 'legend', 'aria-hidden': 'true' })
  const label = attribute(canvas, 'aria-label', () => '')
  attribute(slider, 'aria-label', (c) => c.partition.choose)
  const element = h('section', { class: 'card partition', hidden: true },
    h('h2', {}, text((c) => c.partition.title)), h('p', { class: 'note' }, text((c) => c.partition.note)), legend,
    h('div', { class: 'picture' }, canvas), slider, h('p', { class: 'reading', 'aria-live': 'polite' }, reading.node), h('p', { class: 'note' }, summary.node, ' ', firstOf.node))

  let picture: PartitionPicture | undefined
  let histogram: readonly (readonly number[])[] = []
  let layout: PartitionLayout | undefined
  let out: readonly number[] = []

  function draw(): void {
    const width = canvas.parentElement?.clientWidth ?? 0
    if (picture === undefined || width === 0) return
    layout = layOut(histogram.length, width)
    drawPicture(canvas, { histogram, layout, width, chosen: Number(slider.value) - 1, out, colour: (label) => colourOf(label, picture?.classNames.length ?? 0) })
  }

  function choose(part: number): void {
    slider.value = String(part + 1)
    const counts = histogram[part] ?? [], names = picture?.classNames ?? []
    reading.say((c) => c.partition.part(formatNumber(part + 1), formatNumber(sizeOf(counts)), counts.flatMap((count, label) => (count > 0 ? [c.partition.ofClass(names[label] ?? String(label), formatNumber(count))] : [])).join(', ')))
    draw()
  }

  canvas.addEventListener('pointermove', (event) => {
    const part = layout === undefined ? undefined : partAt(layout, histogram.length, event.offsetX, event.offsetY)
    if (part !== undefined) choose(part)
  })
  slider.addEventListener('input', () => choose(Number(slider.value) - 1))
  new ResizeObserver(draw).observe(element)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)

  return {
    element,
    show(next) {
      picture = next
      histogram = histogramOf(next)
      slider.max = String(histogram.length)
      const { least, most, classes } = summarise(histogram)
      const said: Phrase = (c) => c.partition.summary(formatNumber(next.parts), formatNumber(least), formatNumber(most), formatNumber(classes, 1))
      label(said)
      summary.say(said)
      firstOf.say((c) => histogram.length < next.parts ? c.partition.firstOf(formatNumber(histogram.length), formatNumber(next.parts)) : '')
      legend.replaceChildren(...next.classNames.map((name, label) => h('li', {}, swatch(colourOf(label, next.classNames.length)), name)))
      show(element, true)
      choose(0)
    },
    update({ partsOut }) {
      if (partsOut.join() === out.join()) return
      out = partsOut
      draw()
    },
  }
}

function swatch(colour: string): HTMLElement {
  const element = h('span')
  element.style.background = colour
  return element
}

interface Drawing {
  readonly histogram: readonly (readonly number[])[]
  readonly layout: PartitionLayout
  readonly width: number
  readonly chosen: number
  /** Parts that volunteers are training on. */
  readonly out: readonly number[]
  readonly colour: (label: number) => string
}

function drawPicture(canvas: HTMLCanvasElement, { histogram, layout, width, chosen, out, colour }: Drawing): void {
  const { columns, rows, pitch, gap, columnHeight, rowPitch } = layout
  const height = rows * rowPitch, ratio = devicePixelRatio
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  canvas.style.height = `${height}px`
  const pen = canvas.getContext('2d')
  if (pen === null) return
  pen.scale(ratio, ratio)
  const style = getComputedStyle(canvas), ink = style.getPropertyValue('--ink'), accent = style.getPropertyValue('--accent')
  const { most } = summarise(histogram)
  histogram.forEach((counts, part) => {
    const x = (part % columns) * pitch, bottom = Math.floor(part / columns) * rowPitch + columnHeight
    let y = bottom
    counts.forEach((count, label) => {
      const tall = (columnHeight * count) / most
      y -= tall
      pen.fillStyle = colour(label)
      pen.fillRect(x, y, pitch - gap, tall)
    })
    if (out.includes(part)) {
      pen.fillStyle = accent
      pen.beginPath()
      pen.arc(x + (pitch - gap) / 2, bottom + 6, Math.min(4, Math.max(2, pitch / 3)), 0, 2 * Math.PI)
      pen.fill()
    }
    if (part === chosen) {
      pen.strokeStyle = ink
      pen.lineWidth = 1.5
      pen.strokeRect(x - 0.75, y - 0.75, pitch - gap + 1.5, bottom - y + 1.5)
    }
  })
}
