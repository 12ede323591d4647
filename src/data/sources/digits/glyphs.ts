// How people write the ten digits: a few styles each, with chances and spreads chosen by looking at handwriting.
// Proportions, slant, thickness and wobble come later, in the pen, and are the same for all digits.
import { arc, last, type Hand, type Point, type Stroke } from './hand.ts'

export type Glyph = (hand: Hand) => Stroke[]

/** One round stroke that may overrun its start, fall short of it or curl into the inside. */
const zero: Glyph = (hand) => {
  const radius = [hand.between(0.2, 0.5), 0.5] as const
  const start = hand.between(-0.42, -0.12)
  const sweep = -hand.between(0.93, 1.12)
  const curl = hand.chance(0.25) ? hand.between(0.05, 0.3) : 0
  const egg = hand.normal(0.08)
  const points = arc([0.5, 0.5], [1, 1], start, start + sweep, 13).map(([x, y], i): Point => {
    const shrink = 1 - curl * Math.max(0, (i - 10) / 2)
    return [0.5 + (x - 0.5) * radius[0] * shrink * (1 + egg * (y - 0.5) * 2) + hand.normal(0.012), 0.5 + (y - 0.5) * radius[1] * shrink + hand.normal(0.012)]
  })
  return [points]
}

/** A bare line most often; with a flag, or with flag and foot. */
const one: Glyph = (hand) => {
  const bend = hand.normal(0.03)
  const lean = hand.normal(0.12)
  const top: Point = [0.5 + lean / 2, 0]
  const bottom: Point = [0.5 - lean / 2, 1]
  const strokes: Stroke[] = [[top, [0.5 + bend, 0.5], bottom]]
  const flag = hand.chance(0.22)
  if (flag) strokes.unshift([[top[0] - hand.between(0.1, 0.32), hand.between(0.1, 0.32)], top])
  if (hand.chance(flag ? 0.5 : 0.04)) strokes.push([[bottom[0] - hand.between(0.12, 0.32), 1 + hand.normal(0.02)], [bottom[0] + hand.between(0.12, 0.32), 1 + hand.normal(0.02)]])
  return strokes
}

const two: Glyph = (hand) => {
  const corner = hand.near(0.08, 0.93, 0.05)
  const right: Point = hand.near(0.8, 0.26, 0.05)
  const head: Point[] = hand.chance(0.12)
    ? [hand.near(0.1, 0.06), hand.near(0.45, 0.02), hand.near(0.76, 0.06)]
    : [hand.near(0.12, hand.between(0.1, 0.34), 0.04), hand.near(0.26, 0.06), hand.near(0.52, 0), hand.near(0.74, 0.09)]
  const neck: Point[] = [...head, right, hand.near(0.58, 0.58, 0.05)]
  const end: Point = [hand.between(0.8, 1.15), hand.between(0.8, 1.02)]
  if (hand.chance(0.4)) {
    // The pen turns through a loop at the lower left.
    const size = hand.between(0.05, 0.16)
    return [[...neck, hand.near(0.3, 0.86), [0.14, 0.96], [0.14 - size, 0.96 - size * 0.4], [0.14 - size * 0.2, 0.92 - size * 1.1], [0.3 + size * 0.5, 0.9 - size * 0.3], hand.near(0.62, 0.96), end]]
  }
  if (hand.chance(0.15)) return [[...neck, hand.near(0.3, 0.82), hand.near(0.2, 0.95), hand.near(0.5, 0.96), end]]
  const base: Stroke = hand.chance(0.4) ? [corner, hand.near(0.35, 0.88), hand.near(0.65, 0.97), end] : [corner, end]
  return [[...neck, hand.near(0.32, 0.78), corner], base]
}

const three: Glyph = (hand) => {
  const waist: Point = [hand.between(0.3, 0.56), hand.between(0.4, 0.5)]
  const belly: Point[] = [hand.near(0.72, 0.54), hand.near(0.86, 0.74, 0.05), hand.near(0.68, 0.95), hand.near(0.38, 1)]
  const tail: Point = [hand.between(-0.02, 0.16), hand.between(0.8, 0.96)]
  if (hand.chance(0.1)) {
    const corner = hand.near(0.78, 0.03)
    return [[hand.near(0.12, 0.04), corner], [corner, waist], [waist, ...belly, tail]]
  }
  const top: Point[] = [hand.near(0.1, hand.between(0.08, 0.22)), hand.near(0.4, 0), hand.near(0.68, 0.06), hand.near(0.76, 0.22, 0.05), hand.near(0.64, 0.38)]
  if (hand.chance(0.2)) {
    const size = hand.between(0.05, 0.14)
    return [[...top, [waist[0], waist[1] - size * 0.3], [waist[0] - size, waist[1] + size * 0.2], [waist[0] - size * 0.3, waist[1] + size * 0.7], [waist[0] + size, waist[1] + size * 0.1], ...belly, tail]]
  }
  if (hand.chance(0.3)) return [[...top, waist, ...belly, tail]]
  return [[...top, waist], [waist, ...belly, tail]]
}

const four: Glyph = (hand) => {
  const bar = hand.between(0.48, 0.68)
  const stemX = hand.between(0.62, 0.8)
  const foot: Point = [stemX + hand.normal(0.06), 1]
  const overrun = hand.chance(0.65) ? hand.between(0.05, 0.3) : hand.between(-0.02, 0.05)
  const barEnd: Point = [stemX + overrun, bar + hand.normal(0.05)]
  if (hand.chance(0.2)) {
    // Closed: down the diagonal from the stem's top, and along the bar.
    const apex: Point = [stemX, 0]
    const corner = hand.near(0.05, bar + 0.04)
    return [[apex, corner], [corner, barEnd], [hand.chance(0.7) ? apex : [stemX, hand.between(0.2, 0.4)], foot]]
  }
  const left: Point = [hand.between(0.05, 0.3), hand.between(-0.02, 0.12)]
  const stemTop: Point = [stemX + hand.between(-0.02, 0.14), hand.between(-0.02, 0.25)]
  const stem: Stroke = hand.chance(0.5) ? [stemTop, foot] : [stemTop, [stemX + hand.normal(0.03), 0.55], foot]
  if (hand.chance(0.5)) {
    // Open and round: a bowl that ends at the stem.
    return [[left, hand.near(0.08, bar - 0.22), hand.near(0.12, bar - 0.05), hand.near(0.32, bar, 0.03), barEnd], stem]
  }
  const corner: Point = [left[0] - hand.between(0.02, 0.2), bar]
  return [[left, corner], [corner, barEnd], stem]
}

const five: Glyph = (hand) => {
  const shoulder: Point = [hand.between(0.24, 0.42), hand.between(0, 0.08)]
  const hip: Point = [hand.between(0.14, 0.3), hand.between(0.36, 0.5)]
  const belly: Point[] = [hand.near(0.5, 0.4), hand.near(0.76, 0.52), hand.near(0.8, 0.74, 0.05), hand.near(0.58, 0.95)]
  const tail: Point = [hand.between(-0.04, 0.2), hand.between(0.84, 1.02)]
  const flag: Point = [hand.between(0.7, 1.15), shoulder[1] + hand.between(-0.1, 0.06)]
  if (hand.chance(0.22)) return [[flag, hand.near(0.5, shoulder[1] - 0.01, 0.02), hand.near(0.28, 0.16), hand.near(0.3, 0.36), ...belly.slice(1), hand.near(0.3, 1), tail]]
  const lift: Point = hand.chance(0.3) ? [shoulder[0] + hand.between(0, 0.15), shoulder[1] + hand.normal(0.03)] : shoulder
  return [[shoulder, hip], [hip, ...belly, hand.near(0.32, 1), tail], [lift, flag]]
}

const six: Glyph = (hand) => {
  const loopTop = hand.between(0.42, 0.64)
  const width = hand.between(0.55, 0.85)
  const middle = (loopTop + 1) / 2
  const start: Point = [hand.between(0.35, 0.85), 0]
  const stem: Point[] = [start, hand.near(0.3, 0.22), hand.near(0.1, 0.5)]
  const bowl: Point[] = [hand.near(0.06, middle + 0.06), hand.near(width * 0.45, 1, 0.025), hand.near(width, middle + 0.03), hand.near(width * 0.62, loopTop, 0.03)]
  const close: Point[] = [hand.near(0.22, loopTop + hand.between(0.04, 0.14)), hand.near(hand.between(0.06, 0.2), middle + hand.between(0, 0.12))]
  return [[...stem, ...bowl, ...(hand.chance(0.85) ? close : close.slice(0, 1))]]
}

const seven: Glyph = (hand) => {
  const corner: Point = [hand.between(0.72, 0.95), hand.between(-0.02, 0.1)]
  const left: Point = [hand.between(0, 0.16), hand.between(0, 0.16)]
  const foot: Point = [hand.between(0.2, 0.62), 1]
  const bend = hand.between(-0.02, 0.12)
  const knee: Point = [(corner[0] + foot[0]) / 2 - bend, 0.5 - hand.between(0, 0.06)]
  const bar: Stroke = hand.chance(0.4) ? [left, hand.near(0.4, hand.between(0.02, 0.12), 0.02), corner] : [left, corner]
  const strokes: Stroke[] = hand.chance(0.25) ? [[...bar, knee, foot]] : [bar, [corner, knee, foot]]
  if (hand.chance(0.25)) strokes.unshift([[left[0] + hand.normal(0.02), left[1] + hand.between(0.1, 0.28)], left])
  if (hand.chance(0.22)) strokes.push([[knee[0] - hand.between(0.18, 0.34), knee[1] + hand.between(0, 0.1)], [knee[0] + hand.between(0.18, 0.36), knee[1] + hand.between(-0.1, 0.04)]])
  return strokes
}

const eight: Glyph = (hand) => {
  const waist = hand.between(0.42, 0.54)
  const upper = hand.between(0.2, 0.34)
  const lower = hand.between(0.26, 0.4)
  const centre = 0.45
  const upperMiddle = waist / 2
  const lowerMiddle = (waist + 1) / 2
  if (hand.chance(0.15)) {
    const top = arc([centre, upperMiddle], [upper, waist / 2], -0.25, -0.25 - hand.between(0.95, 1.1), 9)
    return [top, arc([centre + hand.normal(0.04), lowerMiddle], [lower, (1 - waist) / 2], -0.25, -0.25 - hand.between(0.95, 1.1), 9)]
  }
  const start: Point = [centre + upper * hand.between(0.5, 1.2), hand.between(0.02, 0.2)]
  const finish: Point = hand.chance(0.7) ? start : [start[0] + hand.normal(0.1), start[1] + hand.between(-0.1, 0.15)]
  return [[
    start, hand.near(centre, 0, 0.02), hand.near(centre - upper, upperMiddle), hand.near(centre, waist, 0.03), hand.near(centre + lower, lowerMiddle),
    hand.near(centre, 1, 0.02), hand.near(centre - lower, lowerMiddle), hand.near(centre, waist, 0.03), hand.near(centre + upper * 0.9, upperMiddle), finish,
  ]]
}

const nine: Glyph = (hand) => {
  const loopBottom = hand.between(0.38, 0.56)
  const width = hand.between(0.5, 0.8)
  const right = hand.between(0.66, 0.85)
  const left = right - width
  const middle = loopBottom / 2
  const start: Point = [right - hand.between(0, 0.12), hand.between(0.06, 0.22)]
  const loop: Point[] = [start, hand.near(left + width * 0.5, 0, 0.025), hand.near(left, middle + 0.02), hand.near(left + width * 0.42, loopBottom, 0.03), hand.near(right - 0.03, middle + 0.02)]
  const joint = last(loop)
  const foot: Point = [right - hand.between(-0.05, 0.4), 1]
  if (hand.chance(0.35)) return [[...loop, [right + hand.normal(0.03), 0.55], hand.near(right - 0.15, 0.9), hand.near(right - 0.4, 1), [left + hand.between(-0.05, 0.15), hand.between(0.84, 0.98)]]]
  const top: Point = hand.chance(0.6) ? joint : [right + hand.normal(0.03), hand.between(-0.02, 0.2)]
  return [loop, [top, [(top[0] + foot[0]) / 2 + hand.between(-0.02, 0.08), 0.55], foot]]
}

export const glyphs: readonly Glyph[] = [zero, one, two, three, four, five, six, seven, eight, nine]
