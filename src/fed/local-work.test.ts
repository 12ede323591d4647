import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawCohort } from './cohort.ts'
import { resolveCorrection } from './corrections/index.ts'
import { batchOf, learningRateSum, localNormOf, localRates, passOrder, planLocal, type LocalTraining } from './local-work.ts'

const PASS_ORDER = [3, 1, 5, 2, 0, 4]
const sgd = { name: 'sgd', learningRate: 0.1 }
const epochs = (batchSize: number | 'all' | undefined, count = 2): LocalTraining => ({ type: 'epochs', epochs: count, batchSize, optimizer: sgd })
const steps = (count: number, batchSize?: number): LocalTraining => ({ type: 'steps', steps: count, batchSize, optimizer: sgd })

describe('local work', () => {
  it('of FedAvg: E = 5, B = 10 on 600 examples is 300 steps; B = inf one a pass', () => {
    expect(planLocal(epochs(10, 5), { numExamples: 600, batchSize: 64 }).steps).toBe(300)
    expect(planLocal(epochs('all', 5), { numExamples: 600, batchSize: 64 })).toMatchObject({ steps: 5, batchSize: 600 })
    expect(planLocal(epochs(undefined, 1), { numExamples: 600, batchSize: 64 })).toMatchObject({ steps: 10, batchSize: 64 })
    expect(planLocal(steps(500), { numExamples: 30, batchSize: 64 })).toMatchObject({ steps: 500, batchSize: 30 })
  })

  it('takes each example once a pass, pass after pass', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4 }), (numExamples, batchSize, passes) => {
      const plan = planLocal(epochs(batchSize, passes), { numExamples, batchSize: 64 })
      const seen = Array.from({ length: passes }, (): number[] => [])
      for (let step = 0; step < plan.steps; step++) {
        const { pass, start, count } = batchOf(plan, step)
        expect(count).toBeGreaterThan(0)
        seen[pass]!.push(...passOrder(1, 'lease', pass, numExamples).subarray(start, start + count))
      }
      for (const examples of seen) expect(examples.sort((a, b) => a - b)).toEqual(Array.from({ length: numExamples }, (_, i) => i))
    }))
  })

  it('has an order that is the same everywhere, for ever', () => {
    expect([...passOrder(1, '1-1', 0, 6)]).toEqual(PASS_ORDER)
    expect(passOrder(1, '1-1', 1, 6)).not.toEqual(passOrder(1, '1-1', 0, 6))
  })

  it('sums learning rates over the schedule', () => {
    const plan = planLocal(steps(4), { numExamples: 10, batchSize: 10 })
    expect(learningRateSum(steps(4), plan)).toBeCloseTo(0.4, 12)
    const warming: LocalTraining = { ...steps(4), learningRateSchedule: { name: 'constant', warmupSteps: 3 } }
    expect([0, 1, 2, 3].map(localRates(warming))).toEqual([0.25, 0.5, 0.75, 1].map((factor) => 0.1 * factor))
    expect(learningRateSum(warming, plan)).toBeCloseTo(0.25, 12)
  })

  it('knows FedNova\'s norm: momentum lengthens it, a pull shortens it', () => {
    const plan = planLocal(steps(10), { numExamples: 10, batchSize: 10 })
    expect(localNormOf(steps(10), plan, [])).toBe(10)
    expect(localNormOf(steps(10), plan, [resolveCorrection({ name: 'fed-prox', mu: 1 })])).toBeCloseTo((1 - 0.9 ** 10) / 0.1, 10)
    const momentum: LocalTraining = { ...steps(2), optimizer: { name: 'momentum', learningRate: 0.1 } }
    expect(localNormOf(momentum, { ...plan, steps: 2 }, [])).toBeCloseTo(1 + 1.9, 12)
  })
})

describe('cohorts', () => {
  it('are different parts, more of them with over-selection, never more than there are', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (seed, round, parts, participants, overSelection) => {
      const drawn = drawCohort({ seed, round, parts, participants, overSelection })
      expect(drawn.length).toBe(Math.min(parts, Math.ceil(participants * (1 + overSelection))))
      expect(new Set(drawn).size).toBe(drawn.length)
      expect(drawn.slice(0, participants)).toEqual(drawCohort({ seed, round, parts, participants }))
    }))
  })

  it('are fair: over many rounds all parts are drawn equally often', () => {
    const counts = Array.from({ length: 20 }, () => 0)
    for (let round = 0; round < 4000; round++) for (const part of drawCohort({ seed: 1, round, parts: 20, participants: 5 })) counts[part]!++
    // Binomial with mean 1000 and standard deviation 27.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(140)
  })
})
