// Loss and accuracy over time or over examples, drawn with uPlot in the page's own colours.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { CurvePoint } from '../../wire/dashboard.ts'
import { catalogue, formatDuration, formatNumber, formatPercent, onLanguage } from '../catalogue/index.ts'
import { h, show, text } from '../shared/dom.ts'

export interface CurvesPart {
  readonly element: HTMLElement
  update(points: readonly CurvePoint[]): void
}

type Axis = 'seconds' | 'examples'
type Column = (number | null)[]

/** The legend under a plot takes about this much of its holder, until it is there to be measured. */
const LEGEND_HEIGHT = 64
const MIN_SIZE = 200

export function createCurves(): CurvesPart {
  let points: readonly CurvePoint[] = []
  let axis: Axis = 'seconds'
  let charts: readonly { readonly plot: uPlot; readonly data: () => uPlot.AlignedData }[] = []
  const lossHolder = h('div', { class: 'chart' }), accuracyHolder = h('div', { class: 'chart' })
  const empty = h('p', { class: 'empty' }, text((c) => c.dashboard.curvesEmpty))
  const holders = h('div', { class: 'charts', hidden: true }, lossHolder, accuracyHolder)
  const choices = (['seconds', 'examples'] as const).map((choice) =>
    h('button', { type: 'button', class: 'language', 'data-axis': choice, onclick: () => choose(choice) }, text((c) => choice === 'seconds' ? c.dashboard.overTime : c.dashboard.overExamples)))

  function choose(next: Axis): void {
    axis = next
    rebuild()
  }

  /** New options need new plots: axis, language and colours are all options. */
  function rebuild(): void {
    for (const button of choices) button.setAttribute('aria-pressed', String(button.dataset['axis'] === axis))
    for (const { plot } of charts) plot.destroy()
    charts = []
    if (!drawable(points)) return
    const colours = readColours(), words = catalogue().dashboard
    const rangeX = (): [number, number] => [points[0]?.[axis] ?? 0, points.at(-1)?.[axis] ?? 1]
    const make = (holder: HTMLElement, series: readonly ChartSeries[], scale: Pick<ChartChoices, 'format' | 'most'>) => {
      const data = (): uPlot.AlignedData => columns(points, axis, series)
      return { plot: new uPlot(chartOptions({ holder, axis, colours, series, rangeX, ...scale }), data(), holder), data }
    }
    charts = [
      make(lossHolder, [
        { label: words.trainLoss, colour: colours.cool, width: 1.5, of: (p) => p.trainLoss },
        { label: words.testLoss, colour: colours.warm, width: 2.5, of: (p) => p.loss },
      ], { format: (value) => formatNumber(value, 3), most: Infinity }),
      make(accuracyHolder, [{ label: words.accuracy, colour: colours.accent, width: 2.5, of: (p) => p.accuracy }], { format: (value) => formatPercent(value), most: 1 }),
    ]
    fit()
  }

  function fit(): void {
    for (const { plot } of charts) plot.setSize(chartSize(plot.root.parentElement ?? lossHolder, plot.root.querySelector<HTMLElement>('.u-legend')?.offsetHeight))
  }

  new ResizeObserver(fit).observe(holders)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', rebuild)
  onLanguage(rebuild)

  return {
    element: h('section', { class: 'card curves' }, h('div', { class: 'head' }, h('h2', {}, text((c) => c.dashboard.curves)), h('div', { class: 'languages' }, ...choices)), empty, holders),
    update(next) {
      points = next
      const ready = drawable(points)
      show(empty, !ready)
      show(holders, ready)
      if (charts.length === 0) return rebuild()
      for (const { plot, data } of charts) plot.setData(data())
    },
  }
}

const drawable = (points: readonly CurvePoint[]): boolean => points.length >= 2

interface ChartSeries {
  readonly label: string
  readonly colour: string
  readonly width: number
  readonly of: (point: CurvePoint) => number | undefined
}

type Colours = Readonly<Record<'ink' | 'quiet' | 'line' | 'accent' | 'warm' | 'cool' | 'card', string>>

function readColours(): Colours {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return { ink: colour('ink'), quiet: colour('quiet'), line: colour('line'), accent: colour('accent'), warm: colour('warm'), cool: colour('cool'), card: colour('card') }
}

/** Points in order of x; uPlot wants x to rise and gaps as null. */
function columns(points: readonly CurvePoint[], axis: Axis, series: readonly ChartSeries[]): uPlot.AlignedData {
  const x: number[] = [], ys: Column[] = series.map(() => [])
  for (const point of points) {
    if (!series.some(({ of }) => of(point) !== undefined)) continue
    x.push(point[axis])
    series.forEach(({ of }, i) => ys[i]?.push(of(point) ?? null))
  }
  return [x, ...ys]
}

function chartSize(holder: HTMLElement, legendHeight = LEGEND_HEIGHT): { readonly width: number; readonly height: number } {
  return { width: Math.max(MIN_SIZE, holder.clientWidth), height: Math.max(MIN_SIZE, holder.clientHeight - legendHeight) }
}

interface ChartChoices {
  readonly holder: HTMLElement
  readonly axis: Axis
  readonly colours: Colours
  readonly series: readonly ChartSeries[]
  readonly format: (value: number) => string
  /** No value lies above this. */
  readonly most: number
  /** The same for both charts, so that one can be read under the other. */
  readonly rangeX: () => [number, number]
}

function chartOptions({ holder, axis, colours, series, format, most, rangeX }: ChartChoices): uPlot.Options {
  const font = `13px ${getComputedStyle(document.body).fontFamily}`
  const scale = { stroke: colours.quiet, font, grid: { stroke: colours.line, width: 1 }, ticks: { show: false } }
  const formatX = (value: number): string => axis === 'seconds' ? formatDuration(value) : formatNumber(value)
  return {
    ...chartSize(holder),
    padding: [12, 12, 0, 0],
    // Each series has values of its own moments: the legend shows the nearest.
    cursor: { points: { size: 8, fill: (_plot, index) => series[index - 1]?.colour ?? colours.ink }, y: false, dataIdx: (plot, index, at) => nearestKnown(plot.data[index], at) },
    legend: { live: true },
    scales: { x: { time: false, range: rangeX }, y: { range: (_plot, low, high) => rangeY(low, high, most) } },
    axes: [
      { ...scale, values: (_plot, ticks) => ticks.map(formatX), space: 70, size: 36 },
      { ...scale, values: (_plot, ticks) => ticks.map((tick) => shortTick(tick, format)), size: 60 },
    ],
    series: [
      { label: axis === 'seconds' ? catalogue().dashboard.time : catalogue().dashboard.examples, value: (_plot, value) => value === null ? '–' : formatX(value) },
      ...series.map(({ label, colour, width }): uPlot.Series => ({
        label, stroke: colour, width, spanGaps: true,
        points: { show: width > 2, size: 6, fill: colours.card },
        value: (_plot, value) => value === null ? '–' : format(value),
      })),
    ],
  }
}

/** The index nearest to `at` that has a value; `at` where none has. */
function nearestKnown(column: ArrayLike<number | null | undefined> | undefined, at: number): number {
  const length = column?.length ?? 0
  for (let distance = 0; distance < length; distance++) {
    for (const index of [at - distance, at + distance]) if (typeof column?.[index] === 'number') return index
  }
  return at
}

/** A tenth of room above and below, but nothing below zero or above what can be. */
function rangeY(low: number | null, high: number | null, most: number): [number, number] {
  if (low === null || high === null) return [0, Math.min(1, most)]
  const room = Math.max((high - low) / 10, high / 50)
  return [Math.max(0, low - room), Math.min(most, high + room)]
}

/** 0.500 reads as 0.5 on an axis; 90.0% as 90%. */
const shortTick = (tick: number, format: (value: number) => string): string => format(tick).replace(/([.,]\d*?)0+(?=\D*$)/, '$1').replace(/[.,](?=\D*$)/, '')
