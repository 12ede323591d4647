// An optimizer: which kernel updates a whole arena in one pass, which state it keeps, and what the host computes each step.
// The same declaration serves volunteers (the kernel as WGSL, inside a Plan) and the server (the kernel's reference).
import * as v from 'valibot'
import type { Dims, Kernel } from '../kernels/kernel.ts'
import { HYPER } from '../kernels/optimizers.ts'

export interface Optimizer {
  readonly name: string
  readonly kernel: Kernel
  /** Hyper-parameters with their defaults; the learning rate comes apart, as it follows a schedule. */
  readonly schema: v.GenericSchema<unknown, Partial<HyperParameters>>
  /** Persistent allocations as long as the params, zero in the beginning; names of the kernel's buffers. */
  readonly slots: readonly string[]
  readonly dims: (size: number) => Dims
}

export interface HyperParameters {
  readonly weightDecay: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** What a run file or a caller says: a registry name, and values for what should differ from the defaults. */
export interface OptimizerSettings {
  readonly name: string
  readonly learningRate: number
  readonly weightDecay?: number | undefined
  readonly beta1?: number | undefined
  readonly beta2?: number | undefined
  readonly epsilon?: number | undefined
}

/**
 * The HYPER buffer of step number `step` (from 1 on). Corrections are computed from betas rounded to f32,
 * because those are what the kernel multiplies with: at step 1 the difference would be 5e-5 of the update.
 */
export function hyper(step: number, learningRate: number, { weightDecay = 0, beta1 = 0, beta2 = 0, epsilon = 0 }: Partial<HyperParameters>): Float32Array {
  const values = new Float32Array(HYPER.length)
  values[HYPER.learningRate] = learningRate
  values[HYPER.weightDecay] = weightDecay
  values[HYPER.beta1] = beta1
  values[HYPER.beta2] = beta2
  values[HYPER.epsilon] = epsilon
  values[HYPER.correction1] = 1 - Math.fround(beta1) ** step
  values[HYPER.correction2] = 1 - Math.fround(beta2) ** step
  return values
}

const decay = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 0)
const beta = (standard: number) => v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), standard)

/** Schemas of the hyper-parameters that an optimizer takes; those it does not take are zero. */
export const takes = {
  decay: v.strictObject({ weightDecay: decay }),
  decayAndMomentum: v.strictObject({ weightDecay: decay, beta1: beta(0.9) }),
  adam: v.strictObject({ weightDecay: decay, beta1: beta(0.9), beta2: beta(0.999), epsilon: v.optional(v.pipe(v.number(), v.gtValue(0)), 1e-8) }),
}
