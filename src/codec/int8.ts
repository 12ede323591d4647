// Eight bits an element, with one f32 scale for each block: x = scale * q, q in -127..127, rounded up or down at random so
// that x is right on average (QSGD: Alistarh et al. 2017, arXiv 1610.02132; blocks: Dettmers et al. 2022, arXiv 2110.02861).
// The payload is all scales, then all q.
import * as v from 'valibot'
import { WireError } from '../base/errors.ts'
import { ceilDiv } from '../base/math.ts'
import type { Rng } from '../base/rng.ts'
import { aligned } from './codec.ts'
import { register } from './register.ts'

const schema = v.strictObject({
  /** Elements that share a scale: fewer keep more of small values beside large ones, at 4 bytes a block. */
  blockSize: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(2 ** 20)), 256),
})

const STEPS = 127
const LARGEST_FLOAT = 2 ** 128 - 2 ** 104
/** The largest f32 that gives a finite f32 when multiplied by 127. */
const LARGEST_SCALE = Math.fround(LARGEST_FLOAT / STEPS) * STEPS > LARGEST_FLOAT ? previousFloat(Math.fround(LARGEST_FLOAT / STEPS)) : Math.fround(LARGEST_FLOAT / STEPS)

export const int8 = register(schema, ({ blockSize }) => ({
  name: 'int8',
  lossless: false,
  unbiased: true,
  variable: false,
  blockSize,
  payloadBytes: (size) => ceilDiv(size, blockSize) * 4 + size,
  encode(values, rng) {
    const blocks = ceilDiv(values.length, blockSize)
    const payload = new Uint8Array(blocks * 4 + values.length)
    const scales = new Float32Array(payload.buffer, 0, blocks)
    const steps = new Int8Array(payload.buffer, blocks * 4)
    for (let block = 0; block < blocks; block++) {
      const start = block * blockSize
      const end = Math.min(values.length, start + blockSize)
      const scale = scaleOf(values, start, end)
      scales[block] = scale
      // NaN stands for a block with a number that is not finite; one of zeros needs no steps.
      if (scale > 0) round(values.subarray(start, end), scale, steps.subarray(start, end), rng)
    }
    return payload
  },
  decode(bytes, size) {
    const blocks = ceilDiv(size, blockSize)
    if (bytes.byteLength !== blocks * 4 + size) throw new WireError(`payload: must be ${blocks * 4 + size} bytes, got ${bytes.byteLength}.`)
    const whole = aligned(bytes, 4)
    const scales = new Float32Array(whole.buffer, whole.byteOffset, blocks)
    const steps = new Int8Array(whole.buffer, whole.byteOffset + blocks * 4, size)
    checkScales(scales)
    const values = new Float32Array(size)
    for (let block = 0; block < blocks; block++) {
      const scale = scales[block]!
      const end = Math.min(size, (block + 1) * blockSize)
      for (let i = block * blockSize; i < end; i++) values[i] = steps[i]! * scale
    }
    return values
  },
}))

/** Throws WireError where a scale is none that `encode` makes. NaN passes: it tells of numbers that are not finite. */
export function checkScales(scales: Float32Array): void {
  const block = scales.findIndex((scale) => scale < 0 || scale > LARGEST_SCALE)
  if (block >= 0) throw new WireError(`payload: must have scales in 0..${LARGEST_SCALE}, got ${scales[block]} for block ${block}.`)
}

/** The least f32 with |x| <= 127 scale in the block, so that no step is clamped; NaN where the block is not finite. */
function scaleOf(values: Float32Array, start: number, end: number): number {
  let largest = 0
  let nan = 0
  for (let i = start; i < end; i++) {
    const value = values[i]!
    nan += value - value
    if (value > largest) largest = value
    else if (-value > largest) largest = -value
  }
  if (nan !== 0) return NaN
  const scale = Math.fround(largest / STEPS)
  return Math.min(LARGEST_SCALE, scale * STEPS < largest ? nextFloat(scale) : scale)
}

function round(values: Float32Array, scale: number, steps: Int8Array, rng: Rng): void {
  for (let i = 0; i < values.length; i++) {
    const step = Math.floor(values[i]! / scale + rng.uniform())
    steps[i] = step > STEPS ? STEPS : step
  }
}

/** The next larger f32 of one that is not negative. */
function nextFloat(value: number): number {
  const floats = Float32Array.of(value)
  new Uint32Array(floats.buffer)[0]! += 1
  return floats[0]!
}

function previousFloat(value: number): number {
  const floats = Float32Array.of(value)
  new Uint32Array(floats.buffer)[0]! -= 1
  return floats[0]!
}
