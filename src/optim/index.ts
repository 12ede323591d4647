// Every optimizer, and the way from a choice in a run file to one with its hyper-parameters.
import { ConfigError } from '../base/errors.ts'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import type { Dims } from '../kernels/kernel.ts'
import { adadelta } from './adadelta.ts'
import { adagrad } from './adagrad.ts'
import { adam } from './adam.ts'
import { adamax } from './adamax.ts'
import { adamw } from './adamw.ts'
import { lion } from './lion.ts'
import { momentum } from './momentum.ts'
import { nesterov } from './nesterov.ts'
import { hyper, type Optimizer, type OptimizerSettings, type StepSettings } from './optimizer.ts'
import { rmsprop } from './rmsprop.ts'
import { sgd } from './sgd.ts'
import { yogi } from './yogi.ts'

export const optimizers = createRegistry<Optimizer>('optimizer', [sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamw, adamax, yogi, lion])

export interface ResolvedOptimizer {
  readonly optimizer: Optimizer
  readonly learningRate: number
  readonly slots: readonly string[]
  /** The kernel's own dims, beside those of every update. */
  readonly flags: Dims
  /** The kernel's hyper buffer for step number `step` (from 1 on). */
  readonly hyper: (step: number, settings?: Partial<StepSettings>) => Float32Array
}

/** Throws ConfigError for an unknown name, a hyper-parameter that the optimizer does not take, or a value out of range. */
export function resolveOptimizer(settings: OptimizerSettings): ResolvedOptimizer {
  const { name, learningRate: wanted, ...rest } = settings
  const optimizer = optimizers.get(name)
  const learningRate = wanted ?? optimizer.learningRate
  if (!(learningRate > 0 && Number.isFinite(learningRate))) throw new ConfigError(`optimizer ${name}.learningRate: must be above 0, got ${learningRate}. Use ${optimizer.learningRate}, for example.`)
  // A schema's optional keys may be there as undefined, which means the default.
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const parameters = parseOptions(optimizer.schema, given, `optimizer ${name}`, ['learningRate'])
  return {
    optimizer,
    learningRate,
    slots: optimizer.slots(parameters),
    flags: optimizer.flags?.(parameters) ?? {},
    hyper: (step, changed) => hyper(step, { learningRate, ...changed }, parameters),
  }
}
