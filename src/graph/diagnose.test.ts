// The debug replay on Plans whose first bad call is known.
import { expect, test } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan } from './compile.ts'
import { describeDiagnosis, diagnose, measure } from './diagnose.ts'
import { matmul } from './ops/matmul.ts'
import { add, mul, pointwise } from './ops/pointwise.ts'
import { sum } from './ops/reduce.ts'
import type { HostArray } from './plan.ts'
import { input, param } from './sources.ts'
import { inScope } from './tensor.ts'

const x = input('x', [4, 4]), w = param('w', [4, 4])

/** Squares its input until it overflows: x^2 in the first layer, x^4 in the second, … */
function tower() {
  let y = x
  for (const name of ['one', 'two', 'three']) y = inScope(name, () => mul(matmul(y, w), pointwise('tanh', [sum(y, 0)])))
  return y
}

const identity = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0))
const plan = compilePlan({ name: 'p', outputs: { y: inScope('log', () => pointwise('log', [add(tower(), x)])) }, arenas: [{ name: 'params', length: 64, parts: [{ tensor: w, offset: 0 }] }] })
const params = new Float32Array(64)
params.set(identity)
const replay = (inputs: Readonly<Record<string, HostArray>>, arena = params) => diagnose({ runner: createCpuRunner(), plan, persistent: { params: arena }, inputs })

test('nothing is found where all is finite', async () => {
  expect(await replay({ x: new Float32Array(16).fill(0.5) })).toBeUndefined()
})

test('the first call that made a NaN is named, with what it read', async () => {
  const found = await replay({ x: new Float32Array(16).fill(-0.5) })
  expect(found?.label).toBe('log/log')
  expect(found?.output).toMatchObject({ count: 16, nan: 16 })
  expect(describeDiagnosis(found!)).toMatch(/^log\/log \(pointwise\) first gave NaN, in 16 of 16 numbers; it read x0 from .*finite up to/)
})

test('an overflow in the middle is found there, not where it ends up', async () => {
  const found = await replay({ x: new Float32Array(16).fill(1) }, params.map((value) => value * 1e30))
  expect(found?.label).toBe('two/matmul')
  expect(found?.output.infinite).toBe(16)
  expect(found?.inputs.map(({ buffer, from, values }) => [buffer, from, Math.round(values.largest / 1e28)])).toEqual([['a', 'one/mul', 100], ['b', 'params', 100]])
})

test('what was bad before is told apart', async () => {
  const broken = params.slice()
  broken[3] = NaN
  expect(describeDiagnosis((await replay({ x: new Float32Array(16).fill(0.5) }, broken))!)).toContain('params, not finite itself')
})

test('what is written over in place is looked at before', async () => {
  const y = matmul(pointwise('log', [matmul(x, w)]), w)
  const inPlace = compilePlan({ name: 'p', outputs: { y }, arenas: [{ name: 'params', length: 64, parts: [{ tensor: w, offset: 0 }] }] })
  expect(inPlace.calls[1]!.kernel.buffers['x0']!.access).toBe('update')
  const found = await diagnose({ runner: createCpuRunner(), plan: inPlace, persistent: { params }, inputs: { x: new Float32Array(16).fill(-2) } })
  expect(found).toMatchObject({ label: 'log', output: { nan: 16 }, inputs: [{ from: 'matmul', values: { nan: 0, largest: 2 } }] })
})

test('values are counted by kind', () => {
  expect(measure([1, -3, NaN, Infinity, -Infinity])).toEqual({ count: 5, nan: 1, infinite: 2, largest: 3 })
})
