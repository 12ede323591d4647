// Learning-rate schedules: a factor on the learning rate for each step, counted from 0. All but one are functions of the
// step; reduce-on-plateau hears a metric, and what it remembers can be saved.
import * as v from 'valibot'
import { ConfigError } from '../base/errors.ts'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import { createPlateau, plateauSchema } from './plateau.ts'

export interface LearningRateSchedule {
  readonly name: string
  readonly schema: v.GenericSchema
  readonly create: (options: unknown) => Schedule
}

export interface Schedule {
  factor(step: number): number
  /** Present where the factor depends on how the training goes. */
  readonly feedback?: ScheduleFeedback
}

export interface ScheduleFeedback {
  /** Hears the metric of an evaluation. */
  observe(metric: number): void
  state(): ScheduleState
  restore(state: ScheduleState): void
}

export type ScheduleState = Readonly<Record<string, number>>

/** What a run file says; which keys may stand beside the name depends on the schedule. */
export interface ScheduleSettings {
  readonly name: string
  readonly [option: string]: unknown
}

interface StepSchedule<S extends v.GenericSchema> {
  readonly name: string
  readonly schema: S
  readonly factor: (options: v.InferOutput<S>) => (step: number) => number
}

/** A schedule that is a function of the step. */
const define = <S extends v.GenericSchema>({ name, schema, factor }: StepSchedule<S>): LearningRateSchedule =>
  ({ name, schema, create: (options) => ({ factor: factor(options as v.InferOutput<S>) }) })

const steps = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const warmupSteps = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0)
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const factorBelowOne = v.pipe(v.number(), v.gtValue(0), v.maxValue(1))

/** Rises in a line from 1/(warm-up + 1) to 1. */
const warmup = (step: number, length: number): number => Math.min(1, (step + 1) / (length + 1))

/** From `from` to `to` as half a cosine, for progress 0..1. */
const anneal = (from: number, to: number, progress: number): number => to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2

/** 0 at `start`, 1 from `end` on. */
const progressOf = (step: number, start: number, end: number): number => Math.min(1, Math.max(0, (step - start) / Math.max(1, end - start)))

export const learningRateSchedules = createRegistry<LearningRateSchedule>('learning-rate schedule', [
  define({ name: 'constant', schema: v.strictObject({ warmupSteps }), factor: ({ warmupSteps: length }) => (step) => warmup(step, length) }),
  define({
    name: 'cosine',
    // Loshchilov and Hutter 2017, arXiv 1608.03983, after a linear warm-up; `restarts` begin anew, each `growth` times as long.
    schema: v.strictObject({
      warmupSteps, totalSteps: steps, finalFraction: v.optional(fraction, 0),
      restarts: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1000)), 0),
      growth: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(10)), 1),
    }),
    factor: ({ warmupSteps: length, totalSteps, finalFraction, restarts, growth }) => {
      const parts = Array.from({ length: restarts + 1 }, (_, i) => growth ** i)
      const unit = Math.max(1, totalSteps - length) / parts.reduce((sum, part) => sum + part, 0)
      return (step) => {
        let start = length, cycle = 0
        while (cycle < restarts && step >= start + parts[cycle]! * unit) start += parts[cycle++]! * unit
        return warmup(step, length) * anneal(1, finalFraction, progressOf(step, start, start + parts[cycle]! * unit))
      }
    },
  }),
  define({
    name: 'step',
    // Equal parts, three unless said otherwise; the factor falls between them, to finalFraction in the last.
    schema: v.strictObject({ warmupSteps, totalSteps: steps, finalFraction: v.optional(factorBelowOne, 0.01), parts: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(2)), 3) }),
    factor: ({ warmupSteps: length, totalSteps, finalFraction, parts }) => (step) =>
      warmup(step, length) * finalFraction ** (Math.min(parts - 1, Math.floor((parts * step) / totalSteps)) / (parts - 1)),
  }),
  define({
    name: 'exponential',
    // Reaches finalFraction after totalSteps, by the same factor each step, and stays there.
    schema: v.strictObject({ warmupSteps, totalSteps: steps, finalFraction: v.optional(factorBelowOne, 0.01) }),
    factor: ({ warmupSteps: length, totalSteps, finalFraction }) => (step) => warmup(step, length) * finalFraction ** progressOf(step, length, totalSteps),
  }),
  define({
    name: 'polynomial',
    // A line where power is 1.
    schema: v.strictObject({ warmupSteps, totalSteps: steps, finalFraction: v.optional(fraction, 0), power: v.optional(v.pipe(v.number(), v.gtValue(0)), 1) }),
    factor: ({ warmupSteps: length, totalSteps, finalFraction, power }) => (step) =>
      warmup(step, length) * (finalFraction + (1 - finalFraction) * (1 - progressOf(step, length, totalSteps)) ** power),
  }),
  define({
    name: 'cyclic',
    // Smith 2017, arXiv 1506.01186: up and down in lines between lowFraction and 1; each cycle's rise is `decay` of the one before.
    schema: v.strictObject({ cycleSteps: v.pipe(v.number(), v.safeInteger(), v.minValue(2)), lowFraction: v.optional(fraction, 0.1), decay: v.optional(factorBelowOne, 1) }),
    factor: ({ cycleSteps, lowFraction, decay }) => (step) => {
      const cycle = Math.floor(step / cycleSteps)
      const height = 1 - Math.abs((2 * (step - cycle * cycleSteps)) / cycleSteps - 1)
      return lowFraction + (1 - lowFraction) * height * decay ** cycle
    },
  }),
  define({
    name: 'one-cycle',
    // Smith and Topin 2019, arXiv 1708.07120, with PyTorch's halves of cosines: from startFraction up to 1 at riseFraction of the steps, and down to finalFraction.
    schema: v.strictObject({ totalSteps: steps, riseFraction: v.optional(fraction, 0.3), startFraction: v.optional(fraction, 0.04), finalFraction: v.optional(fraction, 4e-6) }),
    factor: ({ totalSteps, riseFraction, startFraction, finalFraction }) => {
      const top = riseFraction * totalSteps - 1, end = totalSteps - 1
      return (step) => (step < top ? anneal(startFraction, 1, progressOf(step, 0, top)) : anneal(1, finalFraction, progressOf(step, top, end)))
    },
  }),
  { name: 'reduce-on-plateau', schema: plateauSchema, create: (options) => createPlateau(options as v.InferOutput<typeof plateauSchema>) },
])

/** Throws ConfigError for an unknown name or an option that the schedule does not take. */
export function resolveSchedule(settings: ScheduleSettings): Schedule {
  const { name, ...rest } = settings
  const schedule = learningRateSchedules.get(name)
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return schedule.create(parseOptions(schedule.schema, given, `learning-rate schedule ${name}`))
}

/** For where nobody tells the schedule how the training goes. */
export function resolveFixedSchedule(settings: ScheduleSettings): Schedule {
  const schedule = resolveSchedule(settings)
  if (schedule.feedback !== undefined) throw new ConfigError(`learning-rate schedule: must be a function of the step here, got "${settings.name}", which waits for a metric. Use cosine or step.`)
  return schedule
}
