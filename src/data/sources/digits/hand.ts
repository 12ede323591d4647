// The chances a writer takes: what the glyphs draw with instead of fixed coordinates.
import type { Rng } from '../../../base/rng.ts'

/** x to the right, y down; a digit fills about [0, 1] x [0, 1]. */
export type Point = readonly [number, number]

/** A curve through points. Strokes that share an end make a corner there. */
export type Stroke = readonly Point[]

export interface Hand {
  between(low: number, high: number): number
  chance(probability: number): boolean
  /** A point near (x, y), with `spread` as its standard deviation. */
  near(x: number, y: number, spread?: number): Point
  /** Normal with the given standard deviation, cut at two of them: no glyph should break. */
  normal(stddev: number): number
}

const USUAL_SPREAD = 0.045

export function createHand(rng: Rng): Hand {
  const normal = (stddev: number): number => Math.max(-2, Math.min(2, rng.normal())) * stddev
  return {
    between: (low, high) => low + (high - low) * rng.uniform(),
    chance: (probability) => rng.uniform() < probability,
    near: (x, y, spread = USUAL_SPREAD) => [x + normal(spread), y + normal(spread)],
    normal,
  }
}

/** Points of an ellipse's arc; angles in turns, 0 at the right, growing clockwise (y is down). */
export function arc(centre: Point, radius: Point, fromTurn: number, toTurn: number, points: number): Point[] {
  return Array.from({ length: points }, (_, i) => {
    const angle = 2 * Math.PI * (fromTurn + ((toTurn - fromTurn) * i) / (points - 1))
    return [centre[0] + radius[0] * Math.cos(angle), centre[1] + radius[1] * Math.sin(angle)] as const
  })
}

export const last = (stroke: Stroke): Point => stroke[stroke.length - 1] as Point
