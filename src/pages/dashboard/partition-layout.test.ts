import { describe, expect, it } from 'vitest'
import { histogramOf, layOut, partAt, summarise } from './partition-layout.ts'

describe.each([[3, 330], [100, 330], [1000, 330], [1000, 900], [30, 900]])('%d parts, %d pixels wide', (parts, width) => {
  const layout = layOut(parts, width)

  it('have columns wide enough to be seen, all inside', () => {
    expect(layout.columns * layout.rows).toBeGreaterThanOrEqual(parts)
    expect(layout.columns * (layout.rows - 1)).toBeLessThan(parts)
    expect(layout.pitch - layout.gap).toBeGreaterThanOrEqual(4)
    expect(layout.columns * layout.pitch).toBeLessThanOrEqual(width + 1e-9)
  })

  it('are found where they are drawn', () => {
    for (const part of [0, parts >> 1, parts - 1]) {
      const x = (part % layout.columns + 0.5) * layout.pitch, y = (Math.floor(part / layout.columns) + 0.5) * layout.rowPitch
      expect(partAt(layout, parts, x, y)).toBe(part)
    }
    expect(partAt(layout, parts, width + 1, 1)).toBeUndefined()
    expect(partAt(layout, parts, 1, layout.rows * layout.rowPitch + 1)).toBeUndefined()
  })
})

it('sums up a histogram', () => {
  const histogram = histogramOf({ parts: 3, classNames: ['a', 'b'], counts: [3, 0, 1, 2, 0, 5] })
  expect(histogram).toEqual([[3, 0], [1, 2], [0, 5]])
  expect(summarise(histogram)).toEqual({ least: 3, most: 5, classes: 4 / 3 })
})
