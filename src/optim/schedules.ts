// Learning-rate schedules: a factor on the learning rate for each step, counted from 0.
import * as v from 'valibot'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'

export interface LearningRateSchedule {
  readonly name: string
  readonly schema: v.GenericSchema
  readonly create: (options: unknown) => (step: number) => number
}

/** What a run file says; which keys may stand beside the name depends on the schedule. */
export interface ScheduleSettings {
  readonly name: string
  readonly warmupSteps?: number | undefined
  readonly totalSteps?: number | undefined
  readonly finalFraction?: number | undefined
}

interface TypedSchedule<S extends v.GenericSchema> {
  readonly name: string
  readonly schema: S
  readonly create: (options: v.InferOutput<S>) => (step: number) => number
}

const define = <S extends v.GenericSchema>(schedule: TypedSchedule<S>): LearningRateSchedule => schedule as LearningRateSchedule

const steps = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const warmupSteps = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0)
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1))

/** Rises in a line from 1/(warm-up + 1) to 1. */
const warmup = (step: number, length: number): number => Math.min(1, (step + 1) / (length + 1))

export const learningRateSchedules = createRegistry<LearningRateSchedule>('learning-rate schedule', [
  define({ name: 'constant', schema: v.strictObject({ warmupSteps }), create: ({ warmupSteps: length }) => (step) => warmup(step, length) }),
  define({
    name: 'cosine',
    // Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts, after a linear warm-up.
    schema: v.strictObject({ warmupSteps, totalSteps: steps, finalFraction: v.optional(fraction, 0) }),
    create: ({ warmupSteps: length, totalSteps, finalFraction }) => (step) => {
      const progress = Math.min(1, Math.max(0, (step - length) / Math.max(1, totalSteps - length)))
      return warmup(step, length) * (finalFraction + (1 - finalFraction) * (1 + Math.cos(Math.PI * progress)) / 2)
    },
  }),
  define({
    name: 'step',
    // Three equal parts; after the last fall the factor is finalFraction.
    schema: v.strictObject({ warmupSteps, totalSteps: steps, finalFraction: v.optional(fraction, 0.01) }),
    create: ({ warmupSteps: length, totalSteps, finalFraction }) => (step) =>
      warmup(step, length) * finalFraction ** (Math.min(2, Math.floor((3 * step) / totalSteps)) / 2),
  }),
])

/** The factor by step. Throws ConfigError for an unknown name or an option that the schedule does not take. */
export function resolveSchedule(settings: ScheduleSettings): (step: number) => number {
  const { name, ...rest } = settings
  const schedule = learningRateSchedules.get(name)
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return schedule.create(parseOptions(schedule.schema, given, `learning-rate schedule ${name}`))
}
