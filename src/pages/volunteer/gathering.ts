// The picture beside the words: volunteers around one common weight, small parts on their way to it. It stands still:
// on a machine that draws in software, moving it would cost a fifth of a core before anybody agreed to anything.
import { svg } from '../shared/dom.ts'

const SIZE = 400, CENTRE = SIZE / 2
/** Angle in turns, distance from the centre, size: uneven, as volunteers are. */
const VOLUNTEERS: readonly (readonly [turn: number, distance: number, size: number])[] = [
  [0.02, 168, 9], [0.1, 128, 5], [0.17, 176, 7], [0.26, 140, 11], [0.34, 182, 5], [0.41, 132, 7],
  [0.5, 170, 10], [0.58, 138, 5], [0.66, 180, 8], [0.75, 134, 6], [0.83, 174, 10], [0.92, 130, 7],
]

export function gathering(): SVGElement {
  const threads: SVGElement[] = [], dots: SVGElement[] = [], parts: SVGElement[] = []
  VOLUNTEERS.forEach(([turn, distance, size], i) => {
    const x = CENTRE + distance * Math.cos(turn * 2 * Math.PI), y = CENTRE + distance * Math.sin(turn * 2 * Math.PI)
    const bend = i % 2 === 0 ? 0.16 : -0.16
    // The control point of a bent line from the volunteer to the centre.
    const middle = [(x + CENTRE) / 2 + (y - CENTRE) * bend, (y + CENTRE) / 2 - (x - CENTRE) * bend] as const
    threads.push(svg('path', { d: `M${x.toFixed(1)} ${y.toFixed(1)} Q${middle[0].toFixed(1)} ${middle[1].toFixed(1)} ${CENTRE} ${CENTRE}`, class: 'thread' }))
    dots.push(dot(x, y, size, 'volunteer'))
    const way = 0.25 + ((i * 5) % 7) / 14
    parts.push(dot(along(x, middle[0], CENTRE, way), along(y, middle[1], CENTRE, way), 3, 'part'))
  })
  return svg('svg', { viewBox: `0 0 ${SIZE} ${SIZE}`, class: 'gathering', 'aria-hidden': 'true' },
    svg('circle', { cx: String(CENTRE), cy: String(CENTRE), r: '66', class: 'halo' }), ...threads, ...parts, ...dots,
    svg('circle', { cx: String(CENTRE), cy: String(CENTRE), r: '36', class: 'weight' }))
}

const dot = (x: number, y: number, radius: number, name: string): SVGElement =>
  svg('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: String(radius), class: name })

/** A point of a quadratic curve, `way` from 0 to 1. */
const along = (from: number, middle: number, to: number, way: number): number => (1 - way) ** 2 * from + 2 * way * (1 - way) * middle + way ** 2 * to
