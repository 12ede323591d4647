// A small line without axes. It is drawn in a unit square and stretched, so a new size needs no new drawing.
import { svg } from './dom.ts'

export interface Sparkline {
  readonly element: SVGElement
  draw(values: readonly number[]): void
}

const WIDTH = 100, HEIGHT = 100, MARGIN = 4

export function createSparkline(): Sparkline {
  const area = svg('path', { class: 'area' })
  const stroke = svg('path', { class: 'stroke', 'vector-effect': 'non-scaling-stroke' })
  const element = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'sparkline', role: 'img' }, area, stroke)
  return {
    element,
    draw(values) {
      const path = sparklinePath(values)
      stroke.setAttribute('d', path)
      area.setAttribute('d', path === '' ? '' : `${path} L${WIDTH} ${HEIGHT} L0 ${HEIGHT} Z`)
    },
  }
}

/** Lowest value at the bottom, highest at the top; empty for fewer than two finite values. */
export function sparklinePath(values: readonly number[]): string {
  const finite = values.filter((value) => Number.isFinite(value))
  if (finite.length < 2) return ''
  const low = Math.min(...finite), high = Math.max(...finite)
  const span = high - low || 1
  return finite.map((value, i) => {
    const x = (i / (finite.length - 1)) * WIDTH
    const y = MARGIN + (1 - (value - low) / span) * (HEIGHT - 2 * MARGIN)
    return `${i === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`
  }).join(' ')
}
