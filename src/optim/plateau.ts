// The learning rate falls when a metric has stopped getting better, as PyTorch's ReduceLROnPlateau does.
import * as v from 'valibot'
import type { Schedule, ScheduleState } from './schedules.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export const plateauSchema = v.strictObject({
  /** What the metric should do: fall as a loss, or rise as an accuracy. */
  mode: v.optional(v.picklist(['fall', 'rise']), 'fall'),
  /** Multiplies the rate. */
  decay: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1)), 0.1),
  /** Evaluations without a better metric that are borne. */
  patience: v.optional(count, 10),
  /** Better means by this fraction of the best so far. */
  threshold: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 1e-4),
  /** Evaluations after a fall that do not count. */
  cooldown: v.optional(count, 0),
  /** The factor falls no lower. */
  lowest: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
})

/** A metric that is not finite counts as no better. */
export function createPlateau({ mode, decay, patience, threshold, cooldown, lowest }: v.InferOutput<typeof plateauSchema>): Schedule {
  const state = { factor: 1, best: mode === 'fall' ? Infinity : -Infinity, waited: 0, cooling: 0 }
  const isBetter = (metric: number): boolean => {
    if (!Number.isFinite(state.best)) return Number.isFinite(metric)
    const margin = threshold * Math.abs(state.best)
    return mode === 'fall' ? metric < state.best - margin : metric > state.best + margin
  }
  return {
    factor: () => state.factor,
    feedback: {
      observe(metric) {
        if (isBetter(metric)) {
          state.best = metric
          state.waited = 0
        } else if (state.cooling === 0) state.waited++
        if (state.cooling > 0) state.cooling--
        if (state.waited <= patience) return
        state.factor = Math.max(lowest, state.factor * decay)
        state.waited = 0
        state.cooling = cooldown
      },
      // JSON knows no infinities: before the first metric there is no best.
      state: (): ScheduleState => Object.fromEntries(Object.entries(state).filter(([, value]) => Number.isFinite(value))),
      restore: (saved) => { Object.assign(state, { best: mode === 'fall' ? Infinity : -Infinity }, saved) },
    },
  }
}
