import { describe, expect, it } from 'vitest'
import { firstCrossing, runningBest } from './crossing.ts'

const curve = (...accuracies: readonly number[]) => accuracies.map((accuracy, i) => ({ round: i + 1, accuracy }))

describe('first crossing', () => {
  it('lies between the points around the target', () => expect(firstCrossing(curve(0.5, 0.9, 0.98), 0.94)).toBeCloseTo(2.5, 12))

  it('is of the best value so far, so that a dip before it counts for nothing', () => {
    // A plain line from the dip at 3 would cross at 3.875.
    expect(firstCrossing(curve(0.5, 0.96, 0.9, 0.98), 0.97)).toBeCloseTo(3.5, 12)
    expect(runningBest(curve(0.5, 0.96, 0.9, 0.98)).map(({ accuracy }) => accuracy)).toEqual([0.5, 0.96, 0.96, 0.98])
  })

  it('is the first one, whatever comes later', () => expect(firstCrossing(curve(0.96, 0.98, 0.9, 0.99), 0.97)).toBeCloseTo(1.5, 12))

  it('is at the point itself where that is just reached', () => expect(firstCrossing(curve(0.9, 0.97), 0.97)).toBe(2))

  it('measures rounds, not points', () => expect(firstCrossing([{ round: 10, accuracy: 0.9 }, { round: 20, accuracy: 1 }], 0.95)).toBeCloseTo(15, 12))

  it('is nowhere below the target, and at the first point above it', () => {
    expect(firstCrossing(curve(0.9, 0.96), 0.97)).toBeUndefined()
    expect(firstCrossing([], 0.97)).toBeUndefined()
    expect(firstCrossing(curve(0.99, 0.5), 0.97)).toBe(1)
  })
})
