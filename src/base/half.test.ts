// Rounding to half precision against what the format says.
import { expect, test } from 'vitest'
import { fromHalves, halfBits, halfOfBits, roundToHalf, toHalves } from './half.ts'

test('every f16 is its own rounding, and its bits are those it came from', () => {
  const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => {
    const value = halfOfBits(bits)
    return !Object.is(roundToHalf(value), value) || (!Number.isNaN(value) && halfBits(value) !== bits)
  })
  expect(wrong).toEqual([])
})

test('what lies between goes to the nearer neighbour, and to the even one from the middle', () => {
  for (const low of [0x0000, 0x0001, 0x0002, 0x03ff, 0x0400, 0x3bff, 0x3c00, 0x3c01, 0x7bfe]) {
    const [a, b] = [halfOfBits(low), halfOfBits(low + 1)]
    const even = low % 2 === 0 ? a : b
    expect([0.25, 0.5, 0.75].map((part) => roundToHalf(a + part * (b - a)))).toEqual([a, even, b])
    expect(roundToHalf(-(a + 0.75 * (b - a)))).toBe(-b)
  }
  expect([65_519, 65_520, -1e30].map(roundToHalf)).toEqual([65_504, Infinity, -Infinity])
  expect([1e-8, 2 ** -25, 2 ** -25 * 1.01].map(roundToHalf)).toEqual([0, 0, 2 ** -24])
})

test('arrays travel as whole words', () => {
  expect([...toHalves([1, -2, 0.5])]).toEqual([0x3c00, 0xc000, 0x3800, 0])
  expect([...fromHalves(toHalves([0.1, 3e5]))]).toEqual([roundToHalf(0.1), Infinity])
})
