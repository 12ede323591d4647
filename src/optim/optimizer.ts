// An optimizer: which kernel updates a range of the arena in one pass, which state it keeps, and what the host computes
// each step. The same declaration serves volunteers (the kernel as WGSL, inside a Plan) and the server (the reference).
import * as v from 'valibot'
import type { Dims, Kernel } from '../kernels/kernel.ts'
import { HYPER } from '../kernels/optimizers.ts'

export interface Optimizer {
  readonly name: string
  readonly kernel: Kernel
  /** Where a caller names none: PyTorch's, or the paper's. */
  readonly learningRate: number
  /** Hyper-parameters with their defaults; the learning rate comes apart, as it follows a schedule. */
  readonly schema: v.GenericSchema<unknown, Partial<HyperParameters>>
  /** State as long as the params, zero in the beginning; names of the kernel's buffers. */
  readonly slots: (hyper: Partial<HyperParameters>) => readonly string[]
  /** Flags of the kernel. */
  readonly flags?: (hyper: Partial<HyperParameters>) => Dims
}

export interface HyperParameters {
  /** L2 decay added to the gradient; decoupled in adamw and lion. */
  readonly weightDecay: number
  /** Of the mean of gradients: momentum. */
  readonly beta1: number
  /** Of the mean of squares: alpha of rmsprop, rho of adadelta elsewhere. */
  readonly beta2: number
  readonly epsilon: number
  /** What sums or means of squares begin with. */
  readonly initialAccumulator: number
}

/** What a run file or a caller says: a registry name, and values for what should differ from the defaults. */
export interface OptimizerSettings extends Partial<{ readonly [K in keyof HyperParameters]: HyperParameters[K] | undefined }> {
  readonly name: string
  readonly learningRate?: number | undefined
}

/** What changes from step to step, and what is said of the gradients. */
export interface StepSettings {
  readonly learningRate: number
  readonly gradScale?: number
  readonly l1?: number
  readonly l2?: number
  readonly limit?: number
}

/**
 * One group's part of the hyper buffer at step number `step` (from 1 on). Corrections are computed from betas rounded to
 * f32, because those are what the kernel multiplies with: at step 1 the difference would be 5e-5 of the update.
 */
export function hyper(step: number, { learningRate, gradScale = 1, l1 = 0, l2 = 0, limit = 0 }: StepSettings, parameters: Partial<HyperParameters>): Float32Array {
  const { weightDecay = 0, beta1 = 0, beta2 = 0, epsilon = 0, initialAccumulator = 0 } = parameters
  const named = {
    learningRate, weightDecay, beta1, beta2, epsilon, gradScale, l1, l2, limit,
    correction1: 1 - Math.fround(beta1) ** step,
    correction2: 1 - Math.fround(beta2) ** step,
    initial: initialAccumulator,
  }
  const values = new Float32Array(HYPER.length)
  for (const [key, value] of Object.entries(named)) values[HYPER[key as keyof typeof named]] = value
  return values
}

const notNegative = v.pipe(v.number(), v.finite(), v.minValue(0))
const beta = v.pipe(v.number(), v.minValue(0), v.ltValue(1))

/** Schemas of single hyper-parameters, by their standard values; those that an optimizer does not take are zero. */
export const takes = {
  weightDecay: (standard = 0) => v.optional(notNegative, standard),
  beta: (standard: number) => v.optional(beta, standard),
  epsilon: (standard: number) => v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0)), standard),
  initialAccumulator: (standard: number) => v.optional(notNegative, standard),
}
