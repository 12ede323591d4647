// Every optimizer, and the way from a choice in a run file to one with its hyper-parameters.
import { ConfigError } from '../base/errors.ts'
import { parseOptions } from '../base/parse-options.ts'
import { createRegistry } from '../base/registry.ts'
import { adam } from './adam.ts'
import { momentum } from './momentum.ts'
import { nesterov } from './nesterov.ts'
import { hyper, type Optimizer, type OptimizerSettings } from './optimizer.ts'
import { sgd } from './sgd.ts'

export const optimizers = createRegistry<Optimizer>('optimizer', [sgd, momentum, nesterov, adam])

export interface ResolvedOptimizer {
  readonly optimizer: Optimizer
  readonly learningRate: number
  /** The kernel's hyper buffer for step number `step` (from 1 on) at this learning rate. */
  readonly hyper: (step: number, learningRate?: number) => Float32Array
}

/** Throws ConfigError for an unknown name, a hyper-parameter that the optimizer does not take, or a value out of range. */
export function resolveOptimizer(settings: OptimizerSettings): ResolvedOptimizer {
  const { name, learningRate, ...rest } = settings
  const optimizer = optimizers.get(name)
  if (!(learningRate > 0 && Number.isFinite(learningRate))) throw new ConfigError(`optimizer ${name}.learningRate: must be above 0, got ${learningRate}. Use 0.001 for adam, 0.1 for sgd.`)
  // A schema's optional keys may be there as undefined, which means the default.
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const hyperParameters = parseOptions(optimizer.schema, given, `optimizer ${name}`)
  return { optimizer, learningRate, hyper: (step, rate = learningRate) => hyper(step, rate, hyperParameters) }
}
