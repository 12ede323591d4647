// Chain fusion over random graphs of pointwise ops: the same numbers in fewer calls, on the CPU in double precision.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { MOST_BUFFERS } from '../kernels/pointwise/kernel.ts'
import { compilePlan, type PlanRequest } from './compile.ts'
import { differentiate } from './differentiate.ts'
import { add, fill, mul, ones, pointwise } from './ops/pointwise.ts'
import { reshape } from './ops/reshape.ts'
import { sum } from './ops/reduce.ts'
import { input } from './sources.ts'
import type { Tensor } from './tensor.ts'

const SHAPES = [[4, 6], [6], [4, 1], [1]] as const
const UNARY = ['neg', 'square', 'tanh', 'sigmoid', 'relu', 'gelu', 'silu', 'abs', 'softplus', 'copy']
const BINARY = ['add', 'sub', 'mul', 'max']

/** Numbers that choose functions and operands among what is there already. */
const recipes = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 24 })

function grow(recipe: readonly (readonly [number, number, number])[]): { readonly sources: readonly Tensor[]; readonly made: readonly Tensor[] } {
  const sources = SHAPES.map((shape, i) => input(`in${i}`, shape))
  const all: Tensor[] = [...sources]
  const made = recipe.map(([what, first, second]) => {
    // Mostly recent tensors, so that chains grow long.
    const pick = (n: number): Tensor => (n % 3 === 0 ? all[n % all.length]! : all.at(-1 - (n % Math.min(3, all.length)))!)
    const [a, b] = [pick(first), pick(second)]
    const chosen = what % 17
    const next = chosen === 0 ? fill([4, 6], 0.5) : chosen === 1 ? reshape(pointwise('copy', [a]), a.shape.toReversed())
      : chosen === 2 ? sum(add(a, ones([4, 6])), 1) : chosen < 9 || !sameRank(a, b) ? pointwise(UNARY[what % UNARY.length]!, [a]) : pointwise(BINARY[what % BINARY.length]!, [a, b])
    if (chosen === 1 || chosen === 2) return next
    all.push(next)
    return next
  })
  return { sources, made }
}

/** Reshaped tensors could not be put together with others. */
const sameRank = (a: Tensor, b: Tensor): boolean => [a, b].every(({ shape }) => SHAPES.some((known) => known.join() === shape.join()))

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
    const { made } = grow(recipe)
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
