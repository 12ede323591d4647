// Curves as a small SVG, readable on light and dark pages alike.
import type { Point } from './crossing.ts'

export interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

export interface ChartAxes {
  readonly title: string
  readonly x: string
  /** Accuracies shown, of 0..1. */
  readonly from: number
  readonly to: number
}

const COLOURS = ['#d62728', '#1f77b4', '#2ca02c', '#ff7f0e', '#9467bd', '#17a2b8', '#8c564b', '#e377c2']
const WIDTH = 760, HEIGHT = 420
const PLOT = { left: 56, top: 36, right: 610, bottom: 376 }

export function chart(lines: readonly Line[], { title, x, from, to }: ChartAxes): string {
  const rounds = Math.max(1, ...lines.flatMap(({ points }) => points.map(({ round }) => round)))
  const atX = (round: number): number => PLOT.left + (round / rounds) * (PLOT.right - PLOT.left)
  const atY = (accuracy: number): number => PLOT.bottom - ((Math.min(to, Math.max(from, accuracy)) - from) / (to - from)) * (PLOT.bottom - PLOT.top)
  const text = (at: { readonly x: number; readonly y: number }, body: string, extra = ''): string => `<text x="${at.x.toFixed(1)}" y="${at.y.toFixed(1)}" ${extra}>${escape(body)}</text>`
  const grid = ticks(from, to).map((accuracy) => `<path d="M${PLOT.left} ${atY(accuracy).toFixed(1)}H${PLOT.right}" class="grid"/>${text({ x: PLOT.left - 6, y: atY(accuracy) + 4 }, `${Math.round(accuracy * 100)}%`, 'text-anchor="end"')}`)
  const under = ticks(0, rounds).map((round) => text({ x: atX(round), y: PLOT.bottom + 18 }, String(round), 'text-anchor="middle"'))
  const curves = lines.map(({ points }, i) => `<polyline fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="1.5" points="${points.map(({ round, accuracy }) => `${atX(round).toFixed(1)},${atY(accuracy).toFixed(1)}`).join(' ')}"/>`)
  const legend = lines.map(({ name }, i) => `<path d="M${PLOT.right + 14} ${PLOT.top + 10 + 22 * i}h22" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="3"/>${text({ x: PLOT.right + 42, y: PLOT.top + 14 + 22 * i }, name)}`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<style>text{fill:#1a1a1a}.paper{fill:#fff}.grid{stroke:#8884}@media(prefers-color-scheme:dark){text{fill:#e6e6e6}.paper{fill:#16181d}}</style>',
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`, text({ x: PLOT.left, y: 20 }, title, 'font-size="14" font-weight="bold"'),
    ...grid, ...under, text({ x: (PLOT.left + PLOT.right) / 2, y: HEIGHT - 8 }, x, 'text-anchor="middle"'), ...curves, ...legend, '</svg>', '',
  ].join('\n')
}

/** Round numbers from `from` to `to`, about six of them. */
export function ticks(from: number, to: number): readonly number[] {
  const rough = (to - from) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!
  const first = Math.ceil(from / step - 1e-9)
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
