// The gradients of a model on any runner, for seeded params and examples; for tests that hold runners against each other.
import { expect } from 'vitest'
import { product } from '../base/math.ts'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import type { Storage } from '../graph/compile.ts'
import type { HostArray, Runner } from '../graph/plan.ts'
import { METRICS } from '../kernels/reduce.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { portsOf } from './host-batches.ts'
import { compileProgram, type CompiledProgram } from './program.ts'

export interface Gradients {
  readonly loss: number
  readonly tensors: Readonly<Record<string, Float32Array>>
}

export async function gradientsOn(runner: Runner, spec: ModelSpec, batchSize: number, storage: Storage = 'f32'): Promise<Gradients> {
  const compiled = compileProgram(spec, { batchSize, storage })
  const { layout, plans } = compiled
  const program = await runner.load([plans.gradient])
  program.write('params', unpack(layout, initialParams(spec, 5)))
  for (const name of ['grads', 'metrics']) program.clear(name)
  program.run('gradient', { ...examplesOf(compiled), weights: new Float32Array(batchSize).fill(1 / batchSize) })
  const [grads, metrics] = await program.read(['grads', 'metrics'])
  program.dispose()
  const packed = pack(layout, grads!)
  const tensors = layout.entries.filter(({ role }) => role === 'param').map(({ name, packedOffset, size }) => [name, packed.subarray(packedOffset, packedOffset + size)])
  return { loss: metrics![METRICS.loss]!, tensors: Object.fromEntries(tensors) }
}

/** Values in [0, 1), as of images, and integers that the model knows. */
export function examplesOf({ model, plans }: CompiledProgram): Readonly<Record<string, HostArray>> {
  return Object.fromEntries(Object.entries(portsOf(model, plans.gradient)).map(([name, { shape, element, below }]) => {
    if (name === 'random') return [name, Uint32Array.of(1, 2, 3, 0)]
    const rng = createRng(name)
    const length = product([model.batchSize, ...shape])
    return [name, element === 'u32' ? Uint32Array.from({ length }, () => rng.integer(below ?? 2)) : Float32Array.from({ length }, () => rng.uniform())]
  }))
}

/** Of each tensor, relative to its norm or, where that is small beside the whole, to a thousandth of the whole. */
export function relativeDifferences(actual: Gradients, expected: Gradients): Readonly<Record<string, number>> {
  const norm = (values: Float32Array): number => Math.hypot(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)))
  const whole = Math.hypot(...Object.values(expected.tensors).map(norm))
  return Object.fromEntries(Object.entries(expected.tensors).map(([name, values]) => [name, norm(values.map((value, i) => actual.tensors[name]![i]! - value)) / Math.max(norm(values), 1e-3 * whole)]))
}

export interface GradientCheck {
  readonly batchSize?: number
  /** The CPU runner in double precision where absent. */
  readonly against?: Runner
  /** Of each tensor's gradient, relative to its norm. */
  readonly within?: number
}

/** Holds a runner's loss and gradients of a model against another's. */
export async function expectGradients(runner: Runner, spec: ModelSpec, { batchSize = 2, against = createCpuRunner({ precision: 'f64' }), within = 2e-3 }: GradientCheck = {}): Promise<void> {
  const [ours, expected] = [await gradientsOn(runner, spec, batchSize), await gradientsOn(against, spec, batchSize)]
  expect(ours.loss / expected.loss).toBeCloseTo(1, 4)
  for (const [tensor, difference] of Object.entries(relativeDifferences(ours, expected))) expect(difference, tensor).toBeLessThan(within)
}

/** Examples at once of models that take the plain reference seconds; two of the others. */
export const GRADIENT_BATCHES: Readonly<Record<string, number>> = { 'char-gpt-nano': 1, 'char-gpt-micro': 1, 'char-gpt-mini': 1, 'resnet-50': 1 }
