import { describe, expect, it } from 'vitest'
import type { ByteDataset } from '../dataset.ts'
import { digits, drawDigit } from './digits.ts'

const load = (seed: number, trainExamples: number, testExamples = 10): ByteDataset => digits.load({ files: {}, seed, trainExamples, testExamples })

describe('digits', () => {
  it('are the same for the same seed, however many are drawn', () => {
    const few = load(3, 20)
    const many = load(3, 50)
    expect(few.train.values).toEqual(many.train.values.subarray(0, 20 * 784))
    expect(few.train.labels).toEqual(many.train.labels.subarray(0, 20))
  })

  it('differ between seeds, splits and examples', () => {
    const images = [load(3, 10), load(4, 10)].flatMap(({ train, test }) => [train, test]).map(({ values }) => values.join())
    expect(new Set(images).size).toBe(4)
    const { train } = load(3, 500)
    const each = Array.from({ length: 500 }, (_, i) => train.values.subarray(i * 784, (i + 1) * 784).join())
    expect(new Set(each).size).toBe(500)
  })

  it('are balanced: every ten examples have each class once', () => {
    const { labels } = load(1, 1000).train
    for (let i = 0; i < 1000; i += 10) expect([...labels.subarray(i, i + 10)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('are normalised as MNIST: 28x28, ink in a box of about 20x20, its mass at the middle', () => {
    const { train } = load(2, 1000)
    for (let i = 0; i < 1000; i++) {
      const { mass, x, y, size } = measure(train.values.subarray(i * 784, (i + 1) * 784))
      expect(mass).toBeGreaterThan(15)
      expect(Math.hypot(x - 14.5, y - 14.5)).toBeLessThan(4)
      expect(size).toBeGreaterThanOrEqual(17)
      expect(size).toBeLessThanOrEqual(23)
    }
  })

  it('refuses what is not a digit', () => {
    expect(() => drawDigit(10, 'seed', new Uint8Array(784))).toThrow('digit: must be 0..9, got 10')
  })
})

/** Ink in units of black pixels, its centre of mass, and the longer side of the box of dark pixels. */
function measure(pixels: Uint8Array): { readonly mass: number; readonly x: number; readonly y: number; readonly size: number } {
  let [mass, x, y, left, right, top, bottom] = [0, 0, 0, 28, -1, 28, -1]
  pixels.forEach((value, i) => {
    if (value < 100) return
    const [row, column] = [Math.floor(i / 28), i % 28]
    mass += value / 255
    x += (value / 255) * (column + 0.5)
    y += (value / 255) * (row + 0.5)
    left = Math.min(left, column)
    right = Math.max(right, column)
    top = Math.min(top, row)
    bottom = Math.max(bottom, row)
  })
  return { mass, x: x / mass, y: y / mass, size: Math.max(right - left, bottom - top) + 1 }
}
