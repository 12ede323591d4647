// The curves of a simulation as one SVG file: accuracy over virtual time and over examples, how stale updates were, and how
// the work was shared out.
import type { SimulationReport } from './report.ts'

const WIDTH = 1120, HEIGHT = 660
const MARGIN = 28, GAP = 64, HEAD = 96
const PANEL = { width: (WIDTH - 2 * MARGIN - GAP) / 2, height: (HEIGHT - HEAD - MARGIN - GAP) / 2 }
const LEFT = 52, BOTTOM = 34, TOP = 22
const TICKS = 5

const STYLE = `
  svg { color-scheme: light dark; background: #f4f6f3; font: 13px system-ui, sans-serif }
  text { fill: #56655e } .title { font-size: 20px; font-weight: 600; fill: #15211c } .name { font-weight: 600; fill: #15211c }
  .grid { stroke: #dbe2dc } .line { fill: none; stroke: #0c6b52; stroke-width: 2; stroke-linejoin: round } .bar { fill: #2f5fb3 }
  @media (prefers-color-scheme: dark) {
    svg { background: #0e1512 } text { fill: #9bada4 } .title, .name { fill: #e6eee9 } .grid { stroke: #2a3832 } .line { stroke: #4fc79f } .bar { fill: #7ea6ee }
  }`

interface Point { readonly x: number; readonly y: number }

export function drawChart(report: SimulationReport): string {
  const { curve, staleness, volunteers } = report
  const accuracy = (x: (point: SimulationReport['curve'][number]) => number): readonly Point[] => curve.map((point) => ({ x: x(point), y: point.accuracy }))
  const shares = Object.entries({ least: volunteers.examples.min, '25%': volunteers.examples.quartiles[0], median: volunteers.examples.quartiles[1], '75%': volunteers.examples.quartiles[2], most: volunteers.examples.max })
  const panels = [
    linePanel('Test accuracy over virtual time, s', accuracy(({ virtualSeconds }) => virtualSeconds)),
    linePanel('Test accuracy over training examples', accuracy(({ examples }) => examples)),
    staleness.length > 0 ? barPanel('Updates by staleness, versions', staleness.map((count, versions) => [String(versions), count])) : linePanel('Test loss over virtual time, s', curve.map(({ virtualSeconds, loss }) => ({ x: virtualSeconds, y: loss }))),
    barPanel('Examples of one volunteer', shares),
  ]
  const place = (i: number): string => `translate(${MARGIN + (i % 2) * (PANEL.width + GAP)} ${HEAD + Math.floor(i / 2) * (PANEL.height + GAP)})`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`, `<style>${STYLE}\n</style>`,
    `<text class="title" x="${MARGIN}" y="38">${escaped(report.config.title)}</text>`, `<text x="${MARGIN}" y="62">${escaped(describeReport(report))}</text>`,
    ...panels.map((panel, i) => `<g transform="${place(i)}">${panel}</g>`), '</svg>\n',
  ].join('\n')
}

/** What a simulation came to, in one line. */
export function describeReport({ run, seed, versions, virtualSeconds, volunteers, leases, dropouts, bytesUp, bytesDown, curve }: SimulationReport): string {
  const last = curve.at(-1)
  return [
    `${run}, seed ${seed}`, `${volunteers.count} volunteers`, `${versions.toLocaleString('en')} versions in ${Math.round(virtualSeconds).toLocaleString('en')} virtual s`,
    ...(last === undefined ? [] : [`accuracy ${(last.accuracy * 100).toFixed(2)}%`]), `${leases.accepted.toLocaleString('en')} updates accepted, ${leases.expired} leases expired, ${dropouts} dropouts`,
    `${(bytesUp / 1e6).toFixed(0)} MB up, ${(bytesDown / 1e6).toFixed(0)} MB down`,
  ].join(' · ')
}

const inner = { width: PANEL.width - LEFT, height: PANEL.height - TOP - BOTTOM }
const across = (fraction: number): string => (LEFT + fraction * inner.width).toFixed(1)
const up = (fraction: number): string => (TOP + (1 - fraction) * inner.height).toFixed(1)

function linePanel(name: string, points: readonly Point[]): string {
  const x = scale(0, Math.max(...points.map((point) => point.x), 0)), y = scale(Math.min(...points.map((point) => point.y)), Math.max(...points.map((point) => point.y)))
  if (points.length === 0) return `${heading(name)}<text x="${across(0.5)}" y="${up(0.5)}" text-anchor="middle">nothing was evaluated</text>`
  const path = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${across(x.at(point.x))} ${up(y.at(point.y))}`).join('')
  const marks = x.ticks.map((value) => `<text x="${across(x.at(value))}" y="${PANEL.height - BOTTOM + 20}" text-anchor="middle">${value.toLocaleString('en')}</text>`)
  // One point has no line.
  const dot = points.length === 1 ? `<circle cx="${across(x.at(points[0]!.x))}" cy="${up(y.at(points[0]!.y))}" r="3" class="bar"/>` : ''
  return [heading(name), grid(y), ...marks, `<path class="line" d="${path}"/>`, dot].join('')
}

function barPanel(name: string, bars: readonly (readonly [label: string, value: number])[]): string {
  const y = scale(0, Math.max(...bars.map(([, value]) => value), 1)), width = inner.width / bars.length
  const drawn = bars.map(([label, value], i) => {
    const height = y.at(value) * inner.height, left = LEFT + i * width
    return `<rect class="bar" x="${(left + width * 0.12).toFixed(1)}" y="${(TOP + inner.height - height).toFixed(1)}" width="${(width * 0.76).toFixed(1)}" height="${height.toFixed(1)}"/><text x="${(left + width / 2).toFixed(1)}" y="${PANEL.height - BOTTOM + 20}" text-anchor="middle">${label}</text>`
  })
  return [heading(name), grid(y), ...drawn].join('')
}

const heading = (name: string): string => `<text class="name" x="0" y="4">${name}</text>`

const grid = ({ ticks, at }: Scale): string => ticks.map((value) =>
  `<line class="grid" x1="${LEFT}" x2="${PANEL.width}" y1="${up(at(value))}" y2="${up(at(value))}"/><text x="${LEFT - 8}" y="${up(at(value))}" dy="4" text-anchor="end">${value.toLocaleString('en', { maximumSignificantDigits: 3 })}</text>`).join('')

interface Scale {
  readonly ticks: readonly number[]
  /** Place of a value, 0..1. */
  at(value: number): number
}

/** From `low` to `high` with ticks at round numbers. */
function scale(low: number, high: number): Scale {
  const span = high - low > 0 ? high - low : Math.max(Math.abs(high), 1e-6)
  const rough = span / TICKS, power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const from = Math.floor(low / step), to = Math.ceil((low + span) / step)
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)))
  return { ticks, at: (value) => (value / step - from) / (to - from) }
}

const escaped = (text: string): string => text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]!)
