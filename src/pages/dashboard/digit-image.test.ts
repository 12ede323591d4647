import { describe, expect, test } from 'vitest'
import { digitImage, type Drawing } from './digit-image.ts'

/** A canvas with one inked rectangle. */
function rectangle({ left, top, width, height }: { left: number; top: number; width: number; height: number }, size = 280): Drawing {
  const ink = new Uint8Array(size * size)
  for (let y = top; y < top + height; y++) ink.fill(255, y * size + left, y * size + left + width)
  return { width: size, height: size, ink }
}

function measure(image: Uint8Array) {
  let mass = 0, x = 0, y = 0, left = 28, right = -1, top = 28, bottom = -1
  image.forEach((value, i) => {
    const column = i % 28, row = Math.floor(i / 28)
    mass += value
    x += value * (column + 0.5)
    y += value * (row + 0.5)
    if (value === 0) return
    left = Math.min(left, column)
    right = Math.max(right, column)
    top = Math.min(top, row)
    bottom = Math.max(bottom, row)
  })
  return { centre: [x / mass, y / mass], width: right - left + 1, height: bottom - top + 1, mass }
}

describe('digitImage', () => {
  test.each([
    ['a tall bar in a corner', { left: 0, top: 0, width: 20, height: 200 }, [2, 20]],
    ['a wide bar', { left: 30, top: 240, width: 240, height: 24 }, [20, 2]],
    ['a square', { left: 100, top: 150, width: 90, height: 90 }, [20, 20]],
  ] as const)('%s fills the 20x20 box and is centred', (_name, box, [width, height]) => {
    const image = digitImage(rectangle(box))
    if (image === undefined) throw new Error('expected an image')
    const seen = measure(image)
    expect([seen.width, seen.height]).toEqual([width, height])
    expect(seen.centre[0]).toBeCloseTo(14, 0)
    expect(seen.centre[1]).toBeCloseTo(14, 0)
    expect(Math.max(...image)).toBe(255)
  })

  test('shrinking averages: the ink per area is kept', () => {
    // A checkerboard of single pixels is half ink, whatever its size.
    const size = 200, ink = Uint8Array.from({ length: size * size }, (_, i) => ((i + Math.floor(i / size)) % 2) * 255)
    const image = digitImage({ width: size, height: size, ink })
    if (image === undefined) throw new Error('expected an image')
    expect(Math.abs(measure(image).mass / (20 * 20) - 127.5)).toBeLessThan(1)
  })

  test('the same strokes elsewhere on the canvas give the same image', () => {
    const a = digitImage(rectangle({ left: 10, top: 10, width: 50, height: 130 }))
    const b = digitImage(rectangle({ left: 200, top: 140, width: 50, height: 130 }))
    expect(a).toEqual(b)
  })

  test('the centre of mass is what is centred, not the box', () => {
    // An L: a tall bar with a foot to the right.
    const size = 100, ink = new Uint8Array(size * size)
    for (let y = 10; y < 90; y++) ink.fill(255, y * size + 20, y * size + (y < 75 ? 35 : 80))
    const image = digitImage({ width: size, height: size, ink })
    if (image === undefined) throw new Error('expected an image')
    const { centre: [x, y] } = measure(image)
    expect(Math.abs(x! - 14)).toBeLessThanOrEqual(0.5)
    expect(Math.abs(y! - 14)).toBeLessThanOrEqual(0.5)
  })

  test('an empty canvas has no image', () => {
    expect(digitImage({ width: 10, height: 10, ink: new Uint8Array(100) })).toBeUndefined()
  })
})
