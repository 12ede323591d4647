// Chain fusion over random graphs of pointwise ops: the same numbers in fewer calls, on the CPU in double precision.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { MOST_BUFFERS } from '../kernels/pointwise/kernel.ts'
import { compilePlan, type PlanRequest } from './compile.ts'
import { differentiate } from './differentiate.ts'
import { add, mul, pointwise } from './ops/pointwise.ts'
import { sum } from './ops/reduce.ts'
import { input } from './sources.ts'
import { grow, recipes } from './test-chains.ts'

function run(outputs: NonNullable<PlanRequest['outputs']>, fused: boolean): { readonly values: readonly number[]; readonly calls: number; readonly mostBuffers: number } {
  const plan = compilePlan({ name: 'p', outputs, fused })
  const program = createCpuRunner({ precision: 'f64' }).loadSync([plan])
  const rng = createRng('chains')
  program.run('p', Object.fromEntries(Object.entries(plan.inputs).sort().map(([name, { view }]) => [name, Float64Array.from({ length: view.length }, () => rng.uniform() - 0.5)])))
  return {
    values: Object.keys(outputs).flatMap((name) => [...program.peekOutput('p', name)]),
    calls: plan.calls.length,
    mostBuffers: Math.max(...plan.calls.map(({ views }) => Object.keys(views).length)),
  }
}

test('random graphs give the same fused, in no more calls, each of at most eight buffers', () => {
  fc.assert(fc.property(recipes, fc.nat(), (recipe, keep) => {
    const made = grow(recipe)
    const outputs = { last: made.at(-1)!, other: made[keep % made.length]! }
    const [plain, fused] = [run(outputs, false), run(outputs, true)]
    expect(fused.calls).toBeLessThanOrEqual(plain.calls)
    expect(fused.mostBuffers).toBeLessThanOrEqual(MOST_BUFFERS)
    fused.values.forEach((value, i) => expect(Math.abs(value - plain.values[i]!)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value))))
  }), { numRuns: 300 })
})

test('a long chain is one call, and so is its gradient', () => {
  const [x, w] = [input('x', [3, 4]), input('w', [4])]
  const y = pointwise('gelu', [add(mul(pointwise('tanh', [x]), w), x)])
  expect(compilePlan({ name: 'p', outputs: { y } }).calls).toHaveLength(1)
  const [dx] = differentiate({ of: y, wrt: [x] })
  // The upstream of ones is part of it too.
  expect(compilePlan({ name: 'p', outputs: { dx: dx! } }).calls).toHaveLength(1)
})

test('what lies between is written on the way where others read it', () => {
  const x = input('x', [3, 4])
  const y = pointwise('exp', [x])
  const plan = compilePlan({ name: 'p', outputs: { z: pointwise('square', [y]), rows: sum(y, 1) } })
  expect(plan.calls.map(({ kernel }) => kernel.name)).toEqual(['pointwise exp(0) square(1) -> 1,2', 'reduce'])
})
