// Centered clipping (Karimireddy, He and Jaggi 2021, arXiv 2012.10333): from the last round's result on, move by the mean of
// the updates' differences from it, each clipped to length tau. An attacker moves the result by tau / n at most, and
// remembering the centre takes from attackers what they could gain by pulling a little in every round.
import * as v from 'valibot'
import { collecting, ruleOptions } from './collecting.ts'
import { combination, squaredDistance } from './vectors.ts'

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0))

const schema = ruleOptions({
  /** Clipping radius: about the distance of honest updates from each other. */
  tau: v.optional(positive, 10),
  iterations: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1000)), 1),
  /** Share of the old centre in the remembered one; 0 remembers the last result, as the paper does. */
  momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
})

export const centeredClipping = collecting(schema, {
  name: 'centered-clipping',
  minUpdates: () => 1,
  // Its fixed point is Huber's estimator of location, which breaks down at one half.
  survives: (_, updates) => Math.ceil(updates / 2) - 1,
  slots: ['centre'],
  combine(updates, { tau, iterations, momentum }, slots) {
    const centre = slots['centre']!
    let result: Float32Array = centre
    for (let iteration = 0; iteration < iterations; iteration++) result = clippedMove(updates, result, tau)
    for (let i = 0; i < centre.length; i++) centre[i] = momentum * centre[i]! + (1 - momentum) * result[i]!
    return result
  },
})

/** from + mean of clip(update - from), as one combination. */
function clippedMove(updates: readonly Float32Array[], from: Float32Array, tau: number): Float32Array {
  const n = updates.length
  const weights = updates.map((update) => {
    const distance = Math.sqrt(squaredDistance(update, from))
    return (distance > tau ? tau / distance : 1) / n
  })
  return combination([from, ...updates], [1 - weights.reduce((a, b) => a + b, 0), ...weights])
}
