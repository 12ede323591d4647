// From strokes to pixels: a smooth curve through each stroke's points, the writer's slant, proportions and wobble, then
// a round nib of varying width, anti-aliased. Everything happens to the curve, before pixels exist, so nothing blurs.
// Normalised as MNIST is: the ink fits a 20x20 box whose centre of mass stands at the middle of 28x28.
import type { Rng } from '../../../base/rng.ts'
import { createHand, type Point, type Stroke } from './hand.ts'

export const SIDE = 28
const BOX = 20
/** MNIST's centre of mass in pixel units, the corner being 0: 28 / 2 and half a pixel, as it rounded to whole pixels. */
const CENTRE = 14.5
/** Pieces per span of a curve; at 20 pixels a digit more cannot be seen. */
const PIECES = 5

/** The sampled curves: x, y per point and where each stroke ends. Reused, as a digit takes tens of microseconds. */
interface Trace {
  readonly x: number[]
  readonly y: number[]
  readonly ends: number[]
}

/** Draws strokes into `pixels` [28, 28], 0..255, which must be zero. */
export function draw(strokes: readonly Stroke[], rng: Rng, pixels: Uint8Array): void {
  const trace = sample(strokes)
  warp(trace, rng)
  ink(trace, rng, pixels)
}

/** Centripetal-like Catmull-Rom curves through the points; the ends are doubled. */
function sample(strokes: readonly Stroke[]): Trace {
  const trace: Trace = { x: [], y: [], ends: [] }
  for (const stroke of strokes) {
    const count = stroke.length
    const at = (i: number): Point => stroke[Math.max(0, Math.min(count - 1, i))] as Point
    for (let i = 0; i + 1 < count; i++) {
      const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)]
      for (let piece = 0; piece < PIECES; piece++) {
        const t = piece / PIECES
        trace.x.push(catmullRom(a[0], b[0], c[0], d[0], t))
        trace.y.push(catmullRom(a[1], b[1], c[1], d[1], t))
      }
    }
    trace.x.push(at(count - 1)[0])
    trace.y.push(at(count - 1)[1])
    trace.ends.push(trace.x.length)
  }
  return trace
}

const catmullRom = (a: number, b: number, c: number, d: number, t: number): number =>
  b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))

/** Proportions, elastic wobble (two long waves per axis), slant and rotation. */
function warp({ x, y }: Trace, rng: Rng): void {
  const hand = createHand(rng)
  const wave = (): readonly [number, number, number, number] => [hand.normal(0.035), hand.between(-5, 5), hand.between(-5, 5), hand.between(0, 2 * Math.PI)]
  const waves = [wave(), wave(), wave(), wave()] as const
  const width = Math.exp(hand.normal(0.2))
  const slant = 0.16 + hand.normal(0.25)
  // How much larger the lower half is than the upper, in height and in width.
  const balance = hand.normal(0.18)
  const taper = hand.normal(0.3)
  const angle = hand.normal(0.1)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const displace = (index: 0 | 1 | 2 | 3, u: number, v: number): number => {
    const [size, fx, fy, phase] = waves[index]
    return size * Math.sin(fx * u + fy * v + phase)
  }
  for (let i = 0; i < x.length; i++) {
    const u = (x[i] as number) - 0.5
    const v = (y[i] as number) - 0.5
    const wobbledX = u * (1 + taper * v) + displace(0, u, v) + displace(1, u, v)
    const wobbledY = v + balance * (v * v - 0.25) + displace(2, u, v) + displace(3, u, v)
    const sheared = wobbledX * width - slant * wobbledY
    x[i] = sheared * cos - wobbledY * sin
    y[i] = sheared * sin + wobbledY * cos
  }
}

function ink(trace: Trace, rng: Rng, pixels: Uint8Array): void {
  const hand = createHand(rng)
  const radius = Math.max(0.7, Math.min(2.3, 1.22 * Math.exp(hand.normal(0.3))))
  const pressure = hand.between(0, 0.2)
  const phase = hand.between(0, 2 * Math.PI)
  const softness = hand.between(0.8, 1.5)
  fit(trace, radius, BOX * hand.between(0.93, 1.03), hand.normal(0.5), hand.normal(0.5))
  const { x, y, ends } = trace
  let from = 0
  for (const end of ends) {
    for (let i = from; i + 1 < end; i++) {
      const nib = radius * (1 + pressure * Math.sin(phase + i * 0.35))
      segment(pixels, [x[i] as number, y[i] as number, x[i + 1] as number, y[i + 1] as number], nib, softness)
    }
    from = end
  }
  if (hand.chance(0.3)) grain(pixels, rng, hand.between(4, 20))
}

/** Scales the trace so that its ink fits the box, and puts its centre of mass (by length) at the centre. */
function fit({ x, y, ends }: Trace, radius: number, box: number, shiftX: number, shiftY: number): void {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < x.length; i++) {
    left = Math.min(left, x[i] as number)
    right = Math.max(right, x[i] as number)
    top = Math.min(top, y[i] as number)
    bottom = Math.max(bottom, y[i] as number)
  }
  const scale = (box - 2 * radius) / Math.max(right - left, bottom - top)
  let [massX, massY, mass, from] = [0, 0, 0, 0]
  for (const end of ends) {
    for (let i = from; i + 1 < end; i++) {
      const [x0, y0, x1, y1] = [x[i] as number, y[i] as number, x[i + 1] as number, y[i + 1] as number]
      const length = Math.hypot(x1 - x0, y1 - y0)
      massX += (length * (x0 + x1)) / 2
      massY += (length * (y0 + y1)) / 2
      mass += length
    }
    from = end
  }
  for (let i = 0; i < x.length; i++) {
    x[i] = ((x[i] as number) - massX / mass) * scale + CENTRE + shiftX
    y[i] = ((y[i] as number) - massY / mass) * scale + CENTRE + shiftY
  }
}

/** A line with round ends; where strokes meet, the darker wins. */
function segment(pixels: Uint8Array, [x0, y0, x1, y1]: readonly [number, number, number, number], radius: number, softness: number): void {
  const reach = radius + softness / 2
  const firstColumn = Math.max(0, Math.floor(Math.min(x0, x1) - reach))
  const lastColumn = Math.min(SIDE - 1, Math.floor(Math.max(x0, x1) + reach))
  const firstRow = Math.max(0, Math.floor(Math.min(y0, y1) - reach))
  const lastRow = Math.min(SIDE - 1, Math.floor(Math.max(y0, y1) + reach))
  const [dx, dy] = [x1 - x0, y1 - y0]
  const inverse = 1 / (dx * dx + dy * dy || 1)
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const [px, py] = [column + 0.5 - x0, row + 0.5 - y0]
      const t = Math.max(0, Math.min(1, (px * dx + py * dy) * inverse))
      const distance = Math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2)
      const cover = 255 * Math.min(1, (reach - distance) / softness)
      const index = row * SIDE + column
      if (cover > (pixels[index] as number)) pixels[index] = cover
    }
  }
}

/** A scanner's or a touchpad's grain, on ink and paper alike. */
function grain(pixels: Uint8Array, rng: Rng, stddev: number): void {
  for (let i = 0; i < pixels.length; i++) {
    // The sum of four uniform bytes is normal enough, and one random number makes it.
    const bits = rng.nextU32()
    const noise = (((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510) / 148) * stddev
    pixels[i] = Math.max(0, Math.min(255, (pixels[i] as number) + noise))
  }
}
