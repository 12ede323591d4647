import { describe, expect, it } from 'vitest'
import { bestOf, isHopeless, nextStep, rateAt, roundsAtMost, type Trial } from './grid.ts'

/** All steps that a grid tries where step `best` needs the fewest rounds. */
function tried(best: number): number[] {
  const trials: Trial[] = []
  for (let step = nextStep(trials); step !== undefined; step = nextStep(trials)) trials.push({ step, rounds: 10 + Math.abs(step - best) })
  return trials.map(({ step }) => step)
}

describe('grid of learning rates', () => {
  it('is five rates, 10^(1/3) apart, from the centre outwards', () => {
    expect(tried(0)).toEqual([0, 1, -1, 2, -2])
    expect([-2, -1, 0, 1, 2, 3].map((step) => rateAt(0.1, step))).toEqual([0.0215, 0.0464, 0.1, 0.215, 0.464, 1])
  })

  it('goes on beyond the edge at which its best lies, and not for ever', () => {
    expect(tried(2)).toEqual([0, 1, -1, 2, -2, 3])
    expect(tried(-3)).toEqual([0, 1, -1, 2, -2, -3, -4])
    expect(tried(99)).toEqual([0, 1, -1, 2, -2, 3, 4, 5])
  })

  it('ends where nothing reaches the target', () => {
    expect(nextStep([-2, -1, 0, 1, 2].map((step) => ({ step, rounds: undefined })))).toBeUndefined()
    expect(bestOf([{ step: 0, rounds: undefined }])).toBeUndefined()
  })

  it('gives a rate up when it cannot be the best any more', () => {
    expect(roundsAtMost([], 87)).toBe(108)
    expect(roundsAtMost([{ step: 0, rounds: undefined }], 87)).toBe(108)
    expect(roundsAtMost([{ step: 0, rounds: 60.2 }, { step: 1, rounds: 40.5 }], 87)).toBe(41)
    expect(roundsAtMost([{ step: 0, rounds: 900 }], 664)).toBe(830)
  })

  it('gives a rate up that knows less after half of the rounds than the best did after a quarter', () => {
    const curve = (slope: number, rounds: number) => Array.from({ length: rounds }, (_, i) => ({ round: i + 1, accuracy: slope * (i + 1) }))
    const best = { rounds: 40, curve: curve(0.02, 40) }
    expect(isHopeless(curve(0.009, 19), best)).toBe(false)
    expect(isHopeless(curve(0.009, 20), best)).toBe(true)
    expect(isHopeless(curve(0.011, 20), best)).toBe(false)
    // What comes after the half decides nothing.
    expect(isHopeless([...curve(0.009, 20), { round: 21, accuracy: 0.9 }], best)).toBe(true)
    expect(isHopeless([], best)).toBe(false)
  })
})
