import { expect, it } from 'vitest'
import { createRng } from '../base/rng.ts'
import { augmentImage } from './augment.ts'

const shape = [3, 4, 2]
const image = Float32Array.from({ length: 24 }, (_, i) => i + 1)

it('changes nothing where nothing is asked for', () => {
  const out = new Float32Array(24)
  augmentImage(image, out, shape, {}, createRng(1))
  expect([...out]).toEqual([...image])
})

it('shifts by at most the padding and mirrors half of the time, keeping pixels whole', () => {
  const rng = createRng(2)
  const seen = new Set<string>()
  let mirrored = 0
  for (let i = 0; i < 400; i++) {
    const out = new Float32Array(24)
    augmentImage(image, out, shape, { pad: 1, flip: true }, rng)
    const kept = [...out].filter((value) => value !== 0)
    expect(kept.length).toBeGreaterThanOrEqual(2 * 3 * 2)
    for (let p = 0; p < 12; p++) if (out[2 * p] !== 0) expect(out[2 * p + 1]).toBe(out[2 * p]! + 1)
    if (kept[0]! > kept[2]!) mirrored++
    seen.add(out.join())
  }
  expect(seen.size).toBe(18)
  expect(mirrored).toBeGreaterThan(150)
  expect(mirrored).toBeLessThan(250)
})
