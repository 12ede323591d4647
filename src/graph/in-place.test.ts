// Results over dead inputs: where the plan takes that, and where it must not.
import { expect, test } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan, type PlanRequest } from './compile.ts'
import { differentiate } from './differentiate.ts'
import { matmul } from './ops/matmul.ts'
import { maxPool } from './ops/max-pool.ts'
import { mul, pointwise } from './ops/pointwise.ts'
import { sum } from './ops/reduce.ts'
import { input } from './sources.ts'
import type { Tensor } from './tensor.ts'

const compile = (outputs: NonNullable<PlanRequest['outputs']>) => compilePlan({ name: 'p', outputs })
const updates = (outputs: NonNullable<PlanRequest['outputs']>) =>
  compile(outputs).calls.flatMap(({ kernel }) => Object.values(kernel.buffers).filter(({ access }) => access === 'update'))

const a = input('a', [64, 64])
const square = (x: Tensor): Tensor => matmul(x, x)

test('a result lies where an operand lay that is read for the last time', () => {
  // gelu stays behind matmul only where its input is read again, as by the gradient of a gelu.
  const x = square(a)
  const slope = pointwise('gelu-slope', [x])
  const y = square(mul(pointwise('gelu', [x]), slope))
  expect(updates({ y })).toHaveLength(1)
  expect(compile({ y }).allocations.filter(({ role }) => role === 'scratch')).toHaveLength(1)
})

test('inputs, outputs and what is read later keep their memory', () => {
  const x = square(a)
  expect(updates({ y: square(pointwise('gelu-slope', [a])) })).toHaveLength(0)
  expect(updates({ x, y: square(pointwise('gelu-slope', [x])) })).toHaveLength(0)
  expect(updates({ y: matmul(square(pointwise('gelu-slope', [x])), x) })).toHaveLength(0)
  // Broadcast operands are not read where they would be written.
  const row = sum(square(a), 0)
  expect(updates({ y: square(mul(a, row)) })).toHaveLength(0)
})

test('the gradient of max-pool lies where its image lay', () => {
  const image = input('image', [2, 4, 4, 3])
  const x = pointwise('silu', [image])
  const [dx] = differentiate({ of: maxPool(x, { size: [2, 2], stride: [2, 2] }), wrt: [image] })
  const outputs = { dx: dx! }
  const plan = compile(outputs)
  expect(plan.calls.map(({ kernel }) => kernel.name)).toContain('max-pool-gradient-in-place')
  const [here, apart] = [plan, compilePlan({ name: 'p', outputs, fused: false })].map((each) => {
    const program = createCpuRunner({ precision: 'f64' }).loadSync([each])
    program.run('p', { image: Float32Array.from({ length: 96 }, (_, i) => Math.sin(5 * i)) })
    return [...program.peekOutput('p', 'dx')]
  })
  here!.forEach((value, i) => expect(value).toBeCloseTo(apart![i]!, 12))
  expect(here!.filter((value) => value !== 0)).toHaveLength(24)
})
