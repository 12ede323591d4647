// How people write the ten digits: a few styles each, with chances and spreads chosen by looking at handwriting.
// Proportions, slant, thickness and wobble come later, in the pen, and are the same for all digits.
import { arc, last, type Hand, type Point, type Stroke } from './hand.ts'

export type Glyph = (hand: Hand) => Stroke[]

/** One round stroke that may overrun its start, fall short of it or curl into the inside. */
const zero: Glyph = (hand) => {
  const radius = [hand.between(0.2, 0.64), 0.5] as const
  const start = hand.between(-0.42, -0.12)
  const sweep = -hand.between(0.9, 1.14)
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
  const flag = hand.chance(0.25)
  if (flag) strokes.unshift([[top[0] - hand.between(0.1, 0.32), hand.between(0.1, 0.32)], top])
  if (hand.chance(flag ? 0.5 : 0.04)) strokes.push([[bottom[0] - hand.between(0.12, 0.32), 1 + hand.normal(0.02)], [bottom[0] + hand.between(0.12, 0.32), 1 + hand.normal(0.02)]])
  return strokes
}

const two: Glyph = (hand) => {
  const reach = hand.between(0.55, 0.9)
  const corner = hand.near(hand.between(-0.02, 0.24), 0.93, 0.03)
  const end: Point = [hand.between(0.72, 1.25), hand.between(0.78, 1.06)]
  const head: Point[] = hand.chance(0.15)
    ? [hand.near(0.1, 0.08), hand.near(reach * 0.6, 0.03), hand.near(reach - 0.05, 0.07)]
    : [hand.near(hand.between(0.02, 0.24), hand.between(0.06, 0.36)), hand.near(0.26, 0.07), hand.near(reach * 0.65, 0), hand.near(reach - 0.06, 0.1)]
  const neck: Point[] = [...head, hand.near(reach, hand.between(0.2, 0.34), 0.03), hand.near(reach * 0.72, 0.58, 0.06)]
  if (hand.chance(0.6)) {
    // The pen turns through a loop at the lower left, small or as wide as the digit.
    const size = hand.chance(0.5) ? hand.between(0.05, 0.16) : hand.between(0.16, 0.4)
    const [x, y] = [hand.between(0.1, 0.3), hand.between(0.92, 1.02)]
    const exit: Point[] = hand.chance(0.5) ? [hand.near(0.64, 0.94), end] : [[hand.between(0.75, 1.15), hand.between(0.9, 1.2)]]
    return [[...neck, [x + 0.14 + size * 0.5, y - 0.1 - size * 0.4], [x, y], [x - size * 0.7, y - size * 0.4], [x - size * 0.2, y - size * 1.1], [x + 0.16 + size * 0.6, y - size * 0.7], ...exit]]
  }
  if (hand.chance(0.15)) return [[...neck, hand.near(corner[0] + 0.2, 0.82), [corner[0] + 0.1, 0.95], hand.near(0.5, 0.96), end]]
  const base: Stroke = hand.chance(0.4) ? [corner, hand.near(0.35, 0.88), hand.near(0.65, 0.97), end] : [corner, end]
  return [[...neck, hand.near((corner[0] + reach * 0.72) / 2, 0.78, 0.03), corner], base]
}

const three: Glyph = (hand) => {
  const waist: Point = [hand.between(0.18, 0.64), hand.between(0.38, 0.54)]
  const side = hand.between(0.62, 0.88)
  const hip = hand.between(0.66, 0.95)
  const belly: Point[] = [hand.near(hip - 0.12, waist[1] + 0.09), hand.near(hip, 0.75), hand.near(hip - 0.18, 0.95), hand.near(hip * 0.45, 1)]
  const tail: Point = [hand.between(-0.25, 0.24), hand.between(0.78, 1.04)]
  if (hand.chance(0.22)) {
    const corner = hand.near(side, 0.06)
    return [[hand.near(0.1, hand.between(0.02, 0.16)), hand.near(side * 0.55, 0.03), corner], [corner, waist], [waist, ...belly, tail]]
  }
  const top: Point[] = [hand.near(hand.between(-0.04, 0.28), hand.between(0.03, 0.3)), hand.near(0.42, 0), hand.near(side - 0.08, 0.06), hand.near(side, 0.22), hand.near(side - 0.12, waist[1] - 0.1)]
  if (hand.chance(0.2)) {
    const size = hand.between(0.05, 0.16)
    return [[...top, [waist[0], waist[1] - size * 0.3], [waist[0] - size, waist[1] + size * 0.2], [waist[0] - size * 0.3, waist[1] + size * 0.7], [waist[0] + size, waist[1] + size * 0.1], ...belly, tail]]
  }
  if (hand.chance(0.35)) return [[...top, waist, ...belly, tail]]
  return [[...top, waist], [waist, ...belly, tail]]
}

const four: Glyph = (hand) => {
  const bar = hand.between(0.42, 0.7)
  const stemX = hand.between(0.5, 0.8)
  const foot: Point = [stemX - hand.between(-0.08, 0.2), 1]
  const overrun = hand.chance(0.6) ? hand.between(0.05, 0.32) : hand.between(-0.06, 0.04)
  const barEnd: Point = [stemX + overrun, bar + hand.normal(0.06)]
  if (hand.chance(0.2)) {
    // Closed: down the diagonal from the stem's top, and along the bar.
    const apex: Point = [stemX + hand.between(-0.05, 0.08), 0]
    const corner = hand.near(0.05, bar + 0.03)
    return [[apex, corner], [corner, barEnd], [hand.chance(0.7) ? apex : [stemX, hand.between(0.15, 0.4)], foot]]
  }
  const left: Point = [hand.between(0.02, 0.3), hand.between(-0.04, 0.2)]
  const stemTop: Point = [stemX + hand.between(-0.04, 0.16), hand.between(-0.04, 0.28)]
  const stem: Stroke = hand.chance(0.5) ? [stemTop, foot] : [stemTop, [stemX + hand.normal(0.04), 0.55], foot]
  if (hand.chance(0.5)) {
    // Open and round: a bowl that ends at the stem.
    return [[left, hand.near(left[0] - 0.07, bar - 0.22), hand.near(left[0] - 0.02, bar - 0.05), hand.near(0.34, bar, 0.03), barEnd], stem]
  }
  const corner: Point = [left[0] - hand.between(0, 0.2), bar + hand.normal(0.03)]
  return [[left, corner], [corner, barEnd], stem]
}

const five: Glyph = (hand) => {
  const shoulder: Point = [hand.between(0.2, 0.5), hand.between(0, 0.1)]
  const hip: Point = [shoulder[0] - hand.between(-0.06, 0.2), hand.between(0.3, 0.55)]
  const side = hand.between(0.6, 0.92)
  const belly: Point[] = [hand.near((hip[0] + side) / 2, hip[1] - hand.between(-0.03, 0.1)), hand.near(side - 0.04, hip[1] + 0.14), hand.near(side, 0.76), hand.near(side - 0.2, 0.95)]
  const tail: Point = [hand.between(-0.1, 0.25), hand.between(0.84, 1.02)]
  const flag: Point = [hand.between(0.66, 1.18), shoulder[1] + hand.between(-0.14, 0.06)]
  if (hand.chance(0.2)) return [[flag, hand.near(0.5, shoulder[1] - 0.01, 0.02), hand.near(0.28, 0.16), hand.near(0.3, 0.36), ...belly.slice(1), hand.near(0.3, 1), tail]]
  const lift: Point = hand.chance(0.35) ? [shoulder[0] + hand.between(-0.04, 0.2), shoulder[1] + hand.normal(0.04)] : shoulder
  const end: Point[] = [hand.near(side * 0.4, 1), tail]
  const back: Stroke[] = hand.chance(0.3) ? [[shoulder, hip, ...belly, ...end]] : [[shoulder, hip], [hip, ...belly, ...end]]
  return [...back, hand.chance(0.2) ? [lift, [(lift[0] + flag[0]) / 2, (lift[1] + flag[1]) / 2 + hand.between(0.02, 0.08)], flag] : [lift, flag]]
}

const six: Glyph = (hand) => {
  const loopTop = hand.between(0.36, 0.68)
  const width = hand.between(0.32, 0.85)
  const middle = (loopTop + 1) / 2
  const start: Point = [hand.between(0.05, 0.75), 0]
  const stem: Point[] = [start, hand.near(0.12 + start[0] * 0.35, 0.22), hand.near(0.08, 0.5)]
  const bowl: Point[] = [hand.near(0.06, middle + 0.06), hand.near(width * 0.45, 1, 0.025), hand.near(width, middle + 0.03), hand.near(width * 0.62, loopTop, 0.03)]
  const close: Point[] = [hand.near(0.22, loopTop + hand.between(0.03, 0.16)), hand.near(hand.between(0.02, 0.24), middle + hand.between(0, 0.18))]
  return [[...stem, ...bowl, ...(hand.chance(0.8) ? close : close.slice(0, 1))]]
}

const seven: Glyph = (hand) => {
  const corner: Point = [hand.between(0.55, 0.95), hand.between(-0.04, 0.12)]
  const left: Point = [hand.between(-0.02, 0.2), hand.between(-0.02, 0.2)]
  const foot: Point = [hand.between(0.12, 0.7), 1]
  const bend = hand.chance(0.7) ? hand.between(-0.02, 0.14) : -hand.between(0, 0.12)
  const knee: Point = [(corner[0] + foot[0]) / 2 - bend, 0.5 - hand.between(-0.03, 0.08)]
  const bar: Stroke = hand.chance(0.45) ? [left, hand.near((left[0] + corner[0]) / 2, hand.between(-0.02, 0.12), 0.02), corner] : [left, corner]
  const strokes: Stroke[] = hand.chance(0.35) ? [[...bar, knee, foot]] : [bar, [corner, knee, foot]]
  if (hand.chance(0.28)) strokes.unshift([[left[0] + hand.normal(0.03), left[1] + hand.between(0.08, 0.32)], left])
  if (hand.chance(0.22)) strokes.push([[knee[0] - hand.between(0.14, 0.36), knee[1] + hand.between(-0.02, 0.12)], [knee[0] + hand.between(0.14, 0.38), knee[1] + hand.between(-0.12, 0.06)]])
  return strokes
}

const eight: Glyph = (hand) => {
  const waist = hand.between(0.36, 0.58)
  const breadth = hand.between(0.7, 1.25)
  const upper = breadth * hand.between(0.14, 0.35)
  const lower = breadth * hand.between(0.18, 0.38)
  const centre = 0.45
  const head = centre + hand.normal(0.05)
  const [upperMiddle, lowerMiddle] = [waist / 2, (waist + 1) / 2]
  if (hand.chance(0.12)) {
    const top = arc([head, upperMiddle], [upper, waist / 2], -0.25, -0.25 - hand.between(0.95, 1.1), 9)
    return [top, arc([centre, lowerMiddle], [lower, (1 - waist) / 2], -0.25, -0.25 - hand.between(0.95, 1.1), 9)]
  }
  const start: Point = [head + 0.08 + upper * hand.between(0.2, 1.6), hand.between(-0.04, 0.24)]
  const finish: Point = hand.chance(0.4) ? start : [start[0] + hand.normal(0.14), start[1] + hand.between(-0.2, 0.2)]
  const crossing = hand.near(centre, waist, 0.03)
  const down: Point[] = [start, hand.near(head, 0, 0.02), hand.near(head - upper, upperMiddle), crossing, hand.near(centre + lower, lowerMiddle)]
  const up: Point[] = [hand.near(centre, 1, 0.02), hand.near(centre - lower, lowerMiddle), hand.near(crossing[0], crossing[1], 0.04)]
  return [[...down, ...up, ...(hand.chance(0.65) ? [hand.near(head + upper * 0.9, upperMiddle)] : []), finish]]
}

const nine: Glyph = (hand) => {
  const loopBottom = hand.between(0.32, 0.7)
  const width = hand.between(0.3, 0.95)
  const right = hand.between(0.66, 0.85)
  const left = right - width
  const middle = loopBottom / 2
  const start: Point = [right - hand.between(-0.08, 0.2), hand.between(-0.02, 0.28)]
  const loop: Point[] = [start, hand.near(left + width * 0.5, 0, 0.03), hand.near(left, middle + 0.02), hand.near(left + width * 0.42, loopBottom, 0.03), hand.near(right - 0.03, middle + 0.02)]
  const joint = last(loop)
  const foot: Point = [right - hand.between(-0.08, 0.45), 1]
  if (hand.chance(0.25)) return [[...loop, [right + hand.normal(0.03), 0.55], hand.near(right - 0.15, 0.9), hand.near(right - 0.4, 1), [left + hand.between(-0.05, 0.15), hand.between(0.84, 0.98)]]]
  const top: Point = hand.chance(0.6) ? joint : [right + hand.normal(0.04), hand.between(-0.04, 0.22)]
  const stem: Stroke = [top, [(top[0] + foot[0]) / 2 + hand.between(-0.03, 0.09), 0.55], foot]
  return top === joint && hand.chance(0.5) ? [[...loop, ...stem.slice(1)]] : [loop, stem]
}

export const glyphs: readonly Glyph[] = [zero, one, two, three, four, five, six, seven, eight, nine]
