// Checkpointing a deep chain and a model of the zoo: the same gradients to the last bit, in less memory.
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan } from './compile.ts'
import { differentiate } from './differentiate.ts'
import { matmul } from './ops/matmul.ts'
import { pointwise } from './ops/pointwise.ts'
import type { Plan } from './plan.ts'
import { input } from './sources.ts'

const DEPTH = 16, SIZE = 32

/** Layers x -> gelu(x·w), whose every activation is needed by the backward pass. */
function deep(memoryLimitBytes?: number): Plan {
  const x = input('x', [SIZE, SIZE]), w = input('w', [SIZE, SIZE])
  let y = x
  for (let layer = 0; layer < DEPTH; layer++) y = pointwise('gelu', [matmul(y, w)])
  const [dw] = differentiate({ of: y, wrt: [w] })
  return compilePlan({ name: 'deep', outputs: { dw: dw! }, ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }) })
}

function gradient(plan: Plan): readonly number[] {
  const program = createCpuRunner().loadSync([plan])
  const rng = createRng('checkpoint')
  const draw = (): Float32Array => Float32Array.from({ length: SIZE * SIZE }, () => rng.normal() / Math.sqrt(SIZE) * 2)
  program.run('deep', { x: draw(), w: draw() })
  return [...program.peekOutput('deep', 'dw')]
}

test('a deep chain fits into less than half the memory, with the same gradient', () => {
  const whole = deep()
  const expected = gradient(whole)
  expect(expected.some((value) => value !== 0)).toBe(true)
  for (const part of [0.8, 0.6, 0.45]) {
    const plan = deep(part * whole.peakBytes)
    expect(plan.peakBytes).toBeLessThanOrEqual(part * whole.peakBytes)
    expect(plan.calls.length).toBeGreaterThan(whole.calls.length)
    expect(gradient(plan)).toEqual(expected)
  }
})

test('no more is done twice than is needed', () => {
  const whole = deep()
  const counts = [1, 0.8, 0.6].map((part) => deep(part * whole.peakBytes).calls.length)
  expect(counts[0]).toBe(whole.calls.length)
  expect(counts[1]).toBeLessThan(counts[2]!)
  // Every activation twice would be this many more.
  expect(counts[1]! - counts[0]!).toBeLessThan(2 * DEPTH)
})

test('a limit that cannot be met gives the smallest plan found', () => {
  const plan = deep(1)
  expect(plan.peakBytes).toBeLessThan(0.5 * deep().peakBytes)
  expect(gradient(plan)).toEqual(gradient(deep()))
})
