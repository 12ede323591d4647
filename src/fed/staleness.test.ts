import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { asynchronousWeight, resolveStaleness, stalenessWeightings } from './staleness.ts'

describe.each(stalenessWeightings.names())('staleness weighting %s', (name) => {
  it('is 1 for a fresh update, above 0 for any, and never rises', () => {
    const weight = resolveStaleness({ name })
    expect(weight(0)).toBe(1)
    fc.assert(fc.property(fc.nat(1000), (staleness) => {
      expect(weight(staleness + 1)).toBeLessThanOrEqual(weight(staleness))
      expect(weight(staleness)).toBeGreaterThan(0)
    }))
  })
})

describe('staleness weightings', () => {
  it('follow their formulas', () => {
    expect(resolveStaleness({ name: 'constant' })(99)).toBe(1)
    expect(resolveStaleness({ name: 'polynomial', exponent: 0.5 })(3)).toBe(0.5)
    const hinge = resolveStaleness({ name: 'hinge', slope: 10, after: 4 })
    expect([hinge(4), hinge(5), hinge(8)]).toEqual([1, 1 / 11, 1 / 41])
  })

  it('make weights in units of 2^-10, the chosen one before the exponent', () => {
    const update = { stalenessExponent: 0.5, numExamples: 32, examplesPerLease: 64, staleness: 3 }
    expect(asynchronousWeight(update)).toBe(256)
    expect(asynchronousWeight({ ...update, weighting: { name: 'constant' } })).toBe(512)
    expect(asynchronousWeight({ ...update, weighting: { name: 'hinge', slope: 1, after: 0 } })).toBe(128)
  })

  it('refuse what there is not', () => {
    expect(() => resolveStaleness({ name: 'hindge' })).toThrow(/Did you mean "hinge"/)
    expect(() => resolveStaleness({ name: 'hinge', exponent: 1 })).toThrow(ConfigError)
  })
})
