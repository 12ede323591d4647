// Digits without a download: drawn from strokes by a seeded hand (digits/glyphs.ts) with a seeded pen (digits/pen.ts), as
// many as wanted, normalised as MNIST is. Example i of a split depends only on the seed and i.
import { createRng } from '../../base/rng.ts'
import type { ByteSplit } from '../dataset.ts'
import { glyphs } from './digits/glyphs.ts'
import { createHand } from './digits/hand.ts'
import { draw, SIDE } from './digits/pen.ts'
import type { DatasetSource } from './source.ts'

const TRAIN_EXAMPLES = 20_000
const TEST_EXAMPLES = 2_000

export const digits: DatasetSource = {
  name: 'digits',
  files: [],
  howToGet: 'It is built in: nothing to download.',
  load: ({ seed, trainExamples = TRAIN_EXAMPLES, testExamples = TEST_EXAMPLES }) => ({
    name: 'digits',
    shape: [SIDE, SIDE, 1],
    classes: glyphs.length,
    classNames: [...'0123456789'],
    scale: 1 / 255,
    offset: 0,
    train: drawSplit(`digits/${seed}/train`, trainExamples),
    test: drawSplit(`digits/${seed}/test`, testExamples),
  }),
}

function drawSplit(label: string, examples: number): ByteSplit {
  const values = new Uint8Array(examples * SIDE * SIDE)
  const labels = new Uint8Array(examples)
  for (let i = 0; i < examples; i++) {
    const digit = i % glyphs.length
    labels[i] = digit
    drawDigit(digit, `${label}/${i}`, values.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE))
  }
  return { examples, values, labels }
}

/** Draws one digit into `pixels` [28, 28], which must be zero. */
export function drawDigit(digit: number, seed: string, pixels: Uint8Array): void {
  const rng = createRng(seed)
  const glyph = glyphs[digit]
  if (glyph === undefined) throw new RangeError(`digit: must be 0..9, got ${digit}.`)
  draw(glyph(createHand(rng)), rng, pixels)
}
