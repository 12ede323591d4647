// Which tensors become f16, and what that does to a plan's memory.
import { expect, test } from 'vitest'
import { roundToHalf } from '../base/half.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan, type Storage } from './compile.ts'
import { differentiate } from './differentiate.ts'
import { diagnose } from './diagnose.ts'
import { matmul } from './ops/matmul.ts'
import { pointwise } from './ops/pointwise.ts'
import { softmaxCrossEntropy } from './ops/softmax-cross-entropy.ts'
import type { Plan } from './plan.ts'
import { input } from './sources.ts'

const x = input('x', [32, 16]), w = input('w', [16, 64]), v = input('v', [64, 8])
const hidden = pointwise('relu', [matmul(x, w)])
const { loss } = softmaxCrossEntropy(matmul(hidden, v), input('labels', [32], 'u32'), input('weights', [32]))
const [dw, dv] = differentiate({ of: loss, wrt: [w, v] })
const compiled = (storage: Storage, memoryLimitBytes = Infinity): Plan => compilePlan({ name: 'p', outputs: { loss, dw: dw!, dv: dv! }, storage, memoryLimitBytes })

const elementsOf = ({ calls, allocations }: Plan): ReadonlySet<string> =>
  new Set(calls.flatMap(({ views }) => Object.values(views).map(({ allocation, element, length }) => `${allocations[allocation]!.role} ${length} ${element}`)))

test('activations and their gradients are f16, in half the memory; what the host sees and losses are f32', () => {
  const [whole, half] = [compiled('f32'), compiled('f16')]
  expect([...elementsOf(half)].filter((text) => text.startsWith('scratch')).sort()).toEqual(['scratch 2048 f16', 'scratch 256 f16', 'scratch 32 f32'])
  expect([...elementsOf(half)].filter((text) => !text.startsWith('scratch')).every((text) => !text.endsWith('f16'))).toBe(true)
  const scratch = ({ allocations }: Plan): number => allocations.reduce((sum, { role, bytes }) => sum + (role === 'scratch' ? bytes : 0), 0)
  expect([scratch(whole), scratch(half)]).toEqual([17_408, 8_704])
  expect(whole.peakBytes - half.peakBytes).toBe(scratch(whole) - scratch(half))
  expect([...elementsOf(whole)].some((text) => text.endsWith('f16'))).toBe(false)
})

test('the CPU runner rounds what is stored, and nothing else', async () => {
  const run = (storage: Storage): Float32Array => {
    const program = createCpuRunner().loadSync([compilePlan({ name: 'p', outputs: { y: matmul(pointwise('scale', [x], [0.1]), input('one', [16, 1])) }, storage })])
    program.run('p', { x: new Float32Array(512).fill(0.7), one: Float32Array.from({ length: 16 }, (_, i) => (i === 3 ? 1 : 0)) })
    return program.peekOutput('p', 'y') as Float32Array
  }
  expect(run('f16')[0]).toBe(roundToHalf(Math.fround(0.7) * Math.fround(0.1)))
  expect(run('f32')[0]).toBe(Math.fround(Math.fround(0.7) * Math.fround(0.1)))
})

test('terms of a sum that the host sees stay f32', () => {
  const sum = pointwise('add', [matmul(x, w), matmul(x, input('other', [16, 64]))])
  expect([...elementsOf(compilePlan({ name: 'p', outputs: { sum }, storage: 'f16' }))].some((text) => text.endsWith('f16'))).toBe(false)
})

test('what overflows is found by the replay', async () => {
  const large = pointwise('square', [matmul(x, w)])
  const plan = compilePlan({ name: 'p', outputs: { y: matmul(large, v) }, storage: 'f16' })
  const inputs = { x: new Float32Array(512).fill(30), w: new Float32Array(1024).fill(1), v: new Float32Array(512).fill(1) }
  // 480 is stored; its square is 230,400.
  expect(await diagnose({ runner: createCpuRunner(), plan, persistent: {}, inputs })).toMatchObject({ label: 'square', output: { infinite: 2048 } })
})
