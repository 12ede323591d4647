import { describe, expect, it } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { addExact, checkCapacity, createExactSum, exactMean, weightUnits } from './exact-sum.ts'
import { asynchronousWeight } from './staleness.ts'

const OPTIONS = { bound: 16, quantumBits: 30 }

describe('exact sum', () => {
  it('clamps to the bound and counts it', () => {
    const sum = createExactSum(4, OPTIONS)
    expect(addExact(sum, Float32Array.of(100, -1e9, 1, 16), 1)).toBe(2)
    expect([...exactMean(sum)]).toEqual([16, -16, 1, 16])
    expect(sum.clamped).toBe(2)
  })

  it('rounds to the nearest quantum, ties to even', () => {
    const quantum = 2 ** -30
    const sum = createExactSum(5, OPTIONS)
    addExact(sum, Float32Array.of(0.4 * quantum, 0.5 * quantum, 1.5 * quantum, -0.5 * quantum, -0.6 * quantum), 1)
    expect([...sum.sums].map((v) => v + 0)).toEqual([0, 0, 2, 0, -1])
  })

  it('weights by examples', () => {
    const sum = createExactSum(1, OPTIONS)
    addExact(sum, Float32Array.of(1), 1)
    addExact(sum, Float32Array.of(4), 2)
    expect(exactMean(sum)[0]).toBe(3)
  })

  it('agrees with a plain double-precision mean to the quantum', () => {
    const values = Array.from({ length: 50 }, (_, i) => Math.fround(Math.sin(i) / (i + 1)))
    const sum = createExactSum(1, OPTIONS)
    values.forEach((value, i) => addExact(sum, Float32Array.of(value), i + 1))
    const weight = (50 * 51) / 2
    expect(exactMean(sum)[0]).toBeCloseTo(values.reduce((a, value, i) => a + value * (i + 1), 0) / weight, 9)
  })

  it('refuses a capacity that could leave the exact range, naming a quantum that fits', () => {
    checkCapacity(OPTIONS, 2 ** 19 - 1)
    expect(() => checkCapacity(OPTIONS, 2 ** 19)).toThrow(ConfigError)
    expect(() => checkCapacity(OPTIONS, 2 ** 19)).toThrow(/quantumBits to 29/)
    checkCapacity({ ...OPTIONS, quantumBits: 29 }, 2 ** 19)
  })

  it('is exact at the edge of its capacity', () => {
    const sum = createExactSum(1, OPTIONS)
    addExact(sum, Float32Array.of(16), 2 ** 18)
    addExact(sum, Float32Array.of(-16), 2 ** 18 - 2)
    addExact(sum, Float32Array.of(2 ** -30), 1)
    expect(sum.sums[0]).toBe(2 ** 34 * 2 + 1)
  })
})

describe('weights', () => {
  it('never round to zero', () => expect(weightUnits(1e-9)).toBe(1))
  it('fall with staleness and with fewer examples', () => {
    const base = { stalenessExponent: 0.5, numExamples: 64, examplesPerLease: 64 }
    expect(asynchronousWeight({ ...base, staleness: 0 })).toBe(1024)
    expect(asynchronousWeight({ ...base, staleness: 3 })).toBe(512)
    expect(asynchronousWeight({ ...base, staleness: 3, numExamples: 16 })).toBe(128)
    expect(asynchronousWeight({ ...base, staleness: 3, stalenessExponent: 0 })).toBe(1024)
  })
})
