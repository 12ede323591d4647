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
import { zoo } from '../model/zoo/index.ts'
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
export function examplesOf({ model: { spec, heads, batchSize }, plans }: CompiledProgram): Readonly<Record<string, HostArray>> {
  return Object.fromEntries(Object.entries(portsOf(spec, plans.gradient)).map(([name, { shape, element, below }]) => {
    if (name === 'random') return [name, Uint32Array.of(1, 2, 3, 0)]
    const rng = createRng(name)
    const classes = heads.find(({ target }) => target.node.attrs['name'] === name)?.from.shape.at(-1)
    const length = product([batchSize, ...shape])
    return [name, element === 'u32' ? Uint32Array.from({ length }, () => rng.integer(below ?? classes ?? 2)) : Float32Array.from({ length }, () => rng.uniform())]
  }))
}

/** Of each tensor, relative to its norm or, where that is small beside the whole, to a thousandth of the whole. */
export function relativeDifferences(actual: Gradients, expected: Gradients): Readonly<Record<string, number>> {
  const norm = (values: Float32Array): number => Math.hypot(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)))
  const whole = Math.hypot(...Object.values(expected.tensors).map(norm))
  return Object.fromEntries(Object.entries(expected.tensors).map(([name, values]) => [name, norm(values.map((value, i) => actual.tensors[name]![i]! - value)) / Math.max(norm(values), 1e-3 * whole)]))
}

/** Holds a runner's gradients of a model of the zoo against those of the CPU runner in double precision. */
export async function expectGradientsOfCpu(runner: Runner, name: string): Promise<void> {
  const { spec } = zoo.get(name)
  const [ours, expected] = [await gradientsOn(runner, spec, 2), await gradientsOn(createCpuRunner({ precision: 'f64' }), spec, 2)]
  expect(ours.loss / expected.loss).toBeCloseTo(1, 4)
  for (const [tensor, difference] of Object.entries(relativeDifferences(ours, expected))) expect(difference, tensor).toBeLessThan(2e-3)
}
