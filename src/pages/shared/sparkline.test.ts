import { expect, test } from 'vitest'
import { sparklinePath } from './sparkline.ts'

test('the lowest value lies at the bottom, the highest at the top, all from left to right', () => {
  expect(sparklinePath([2, 1, 3])).toBe('M0.00 50.00 L50.00 96.00 L100.00 4.00')
})

test('equal values make a level line; what is not finite is left out', () => {
  expect(sparklinePath([5, Number.NaN, 5])).toBe('M0.00 96.00 L100.00 96.00')
})

test('fewer than two values make no line', () => {
  expect(sparklinePath([])).toBe('')
  expect(sparklinePath([1])).toBe('')
})
