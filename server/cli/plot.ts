// A curve in the terminal, drawn with the eight dots of Braille characters.

const COLUMNS = 64, ROWS = 9
/** Bits of a cell's dots, by row, left and right. */
const DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]] as const

export interface PlotOptions {
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly formatX: (value: number) => string
  readonly formatY: (value: number) => string
}

/** Lines of text, with the range of y at the left and that of x below; none where there is nothing to draw. */
export function plot({ points, formatX, formatY }: PlotOptions): readonly string[] {
  if (points.length < 2) return []
  const xs = points.map(({ x }) => x), ys = points.map(({ y }) => y)
  const [minX, maxX, minY, maxY] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  const cells = Array.from({ length: ROWS }, () => new Uint8Array(COLUMNS))
  const column = (x: number): number => Math.round(((x - minX) / (maxX - minX || 1)) * (2 * COLUMNS - 1))
  const row = (y: number): number => Math.round((1 - (y - minY) / (maxY - minY || 1)) * (4 * ROWS - 1))
  points.slice(1).forEach((to, i) => {
    const from = points[i]!
    const [x0, x1, y0, y1] = [column(from.x), column(to.x), row(from.y), row(to.y)]
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1)
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(x0 + ((x1 - x0) * step) / steps), y = Math.round(y0 + ((y1 - y0) * step) / steps)
      cells[y >> 2]![x >> 1]! |= DOTS[y & 3]![x & 1]!
    }
  })
  const [top, bottom] = [formatY(maxY), formatY(minY)]
  const width = Math.max(top.length, bottom.length)
  const label = (at: number): string => (at === 0 ? top : at === ROWS - 1 ? bottom : '').padStart(width)
  const left = formatX(minX), right = formatX(maxX)
  return [
    ...cells.map((line, at) => `${label(at)} ${Array.from(line, (bits) => String.fromCodePoint(0x2800 + bits)).join('')}`),
    `${' '.repeat(width + 1)}${left}${right.padStart(Math.max(1, COLUMNS - left.length))}`,
  ]
}
