// Learning-rate schedules against known values: where they start, pass, turn and end.
import { describe, expect, test } from 'vitest'
import { learningRateSchedules, resolveSchedule, type ScheduleSettings } from './schedules.ts'

const at = (settings: ScheduleSettings, steps: readonly number[]): readonly number[] => {
  const { factor } = resolveSchedule(settings)
  return steps.map((step) => Number(factor(step).toFixed(6)))
}

test.each<[ScheduleSettings, readonly (readonly [step: number, factor: number])[]]>([
  [{ name: 'constant' }, [[0, 1], [1, 1], [50, 1]]],
  [{ name: 'constant', warmupSteps: 3 }, [[0, 0.25], [1, 0.5], [3, 1], [4, 1]]],
  [{ name: 'cosine', warmupSteps: 4, totalSteps: 104, finalFraction: 0.1 }, [[0, 0.2], [1, 0.4], [4, 1], [54, 0.55], [104, 0.1], [500, 0.1]]],
  [{ name: 'cosine', totalSteps: 40, restarts: 1 }, [[0, 1], [10, 0.5], [19, 0.006156], [20, 1], [30, 0.5], [40, 0], [41, 0]]],
  [{ name: 'cosine', warmupSteps: 10, totalSteps: 80, restarts: 2, growth: 2 }, [[10, 1], [15, 0.5], [20, 1], [30, 0.5], [40, 1], [60, 0.5], [80, 0]]],
  [{ name: 'step', totalSteps: 30 }, [[0, 1], [9, 1], [10, 0.1], [19, 0.1], [20, 0.01], [29, 0.01], [99, 0.01]]],
  [{ name: 'step', totalSteps: 40, parts: 2, finalFraction: 0.5 }, [[0, 1], [19, 1], [20, 0.5], [60, 0.5]]],
  [{ name: 'exponential', totalSteps: 100, finalFraction: 0.01 }, [[0, 1], [50, 0.1], [100, 0.01], [200, 0.01]]],
  [{ name: 'polynomial', totalSteps: 10 }, [[0, 1], [5, 0.5], [10, 0], [11, 0]]],
  [{ name: 'polynomial', totalSteps: 10, power: 2, finalFraction: 0.2 }, [[0, 1], [5, 0.4], [10, 0.2]]],
  [{ name: 'cyclic', cycleSteps: 8, lowFraction: 0.2, decay: 0.5 }, [[0, 0.2], [2, 0.6], [4, 1], [6, 0.6], [8, 0.2], [12, 0.6], [16, 0.2]]],
  // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=100, div_factor=25, final_div_factor=1e4): the values of its cosines.
  [{ name: 'one-cycle', totalSteps: 100 }, [[0, 0.04], [14.5, 0.52], [29, 1], [64, 0.500002], [99, 0.000004], [200, 0.000004]]],
])('%o', (settings, known) => expect(at(settings, known.map(([step]) => step))).toEqual(known.map(([, factor]) => factor)))

test('every factor lies between 0 and 1', () => {
  for (const name of learningRateSchedules.names()) {
    const options = { constant: {}, cyclic: { cycleSteps: 7 }, 'reduce-on-plateau': {} }[name] ?? { totalSteps: 50 }
    for (const factor of at({ name, ...options }, Array.from({ length: 70 }, (_, i) => i))) {
      expect(factor).toBeGreaterThanOrEqual(0)
      expect(factor).toBeLessThanOrEqual(1)
    }
  }
})

describe('reduce-on-plateau', () => {
  const heard = (settings: Record<string, unknown>, metrics: readonly number[]): readonly number[] => {
    const { factor, feedback } = resolveSchedule({ name: 'reduce-on-plateau', ...settings })
    return metrics.map((metric) => {
      feedback!.observe(metric)
      return Number(factor(0).toFixed(6))
    })
  }

  test('falls when the metric was no better for longer than its patience', () => {
    expect(heard({ patience: 1 }, [5, 4, 4, 4, 3, 3, 3])).toEqual([1, 1, 1, 0.1, 0.1, 0.1, 0.01])
    expect(heard({ patience: 0, mode: 'rise', decay: 0.5, lowest: 0.2 }, [0.5, 0.6, 0.6, 0.6, 0.6, 0.7])).toEqual([1, 1, 0.5, 0.25, 0.2, 0.2])
    expect(heard({ patience: 0, threshold: 0.1 }, [10, 9.5, 8.9])).toEqual([1, 0.1, 0.1])
    expect(heard({ patience: 0, cooldown: 2 }, [1, 1, 1, 1, 1])).toEqual([1, 0.1, 0.1, 0.1, 0.01])
    expect(heard({ patience: 0 }, [NaN, 1, NaN])).toEqual([0.1, 0.1, 0.01])
  })

  test('goes on from its saved state', () => {
    const create = () => resolveSchedule({ name: 'reduce-on-plateau', patience: 2 })
    const metrics = [3, 2, 2, 2, 2, 1, 1, 1, 1]
    for (let cut = 0; cut < metrics.length; cut++) {
      const [whole, first, second] = [create(), create(), create()]
      metrics.forEach((metric) => whole.feedback!.observe(metric))
      metrics.slice(0, cut).forEach((metric) => first.feedback!.observe(metric))
      second.feedback!.restore(JSON.parse(JSON.stringify(first.feedback!.state())) as Record<string, number>)
      metrics.slice(cut).forEach((metric) => second.feedback!.observe(metric))
      expect(second.feedback!.state()).toEqual(whole.feedback!.state())
    }
  })
})
