// Training with activations in f16 on the CPU runner, which rounds as GPUs do: the same gradients but for rounding, and losses scaled
// so that none of them vanish or overflow for long.
import { expect, test } from 'vitest'
import { createCpuRunner, type CpuProgram } from '../cpu/runner.ts'
import type { Storage } from '../graph/compile.ts'
import { INITIAL_EXPONENT, LOSS_SCALE } from '../kernels/loss-scale.ts'
import { METRICS } from '../kernels/reduce.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import type { HeadSpec, ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { LOSS_SCALE_ALLOCATIONS } from './loss-scaling.ts'
import { compileProgram, type CompiledProgram, type ProgramOptions } from './program.ts'
import { gradientsOn, relativeDifferences } from './test-gradients.ts'

const N = 64
const x = Float32Array.from({ length: 2 * N }, (_, i) => 1.5 * Math.sin(i * i))
const labels = Uint32Array.from({ length: N }, (_, i) => (Math.hypot(x[2 * i]!, x[2 * i + 1]!) < 1 ? 1 : 0))
const batch = { x, labels, weights: new Float32Array(N).fill(1 / N) }

/** Points inside and outside a circle; `weight` of the loss. */
const circle = (weight: number): ModelSpec => {
  const head: HeadSpec = { name: 'out', from: 'out', target: 'labels', weight, loss: { name: 'softmax-cross-entropy' } }
  return {
    name: 'circle', inputs: { x: [2] }, output: 'out', heads: [head],
    nodes: [{ name: 'a', layer: 'dense', options: { units: 24, activation: 'tanh' } }, { name: 'b', layer: 'dense', options: { units: 24, activation: 'tanh' } }, { name: 'out', layer: 'dense', options: { units: 2 } }],
  }
}

interface Loaded {
  readonly compiled: CompiledProgram
  readonly program: CpuProgram
  readonly params: () => Float32Array
  readonly scale: () => Readonly<Record<'doublings' | 'good' | 'skipped' | 'taken', number>>
}

function load(spec: ModelSpec, storage: Storage, options: Partial<ProgramOptions> = {}): Loaded {
  const compiled = compileProgram(spec, { batchSize: N, storage, optimizer: { name: 'adam', learningRate: 0.02 }, ...options })
  const { plans, layout } = compiled
  const program = createCpuRunner().loadSync([plans.train!, plans.gradient, plans.apply!, ...(plans.inspect === undefined ? [] : [plans.inspect])])
  program.write('params', unpack(layout, initialParams(spec, 1)))
  return {
    compiled, program,
    params: () => pack(layout, program.peek('params') as Float32Array),
    scale: () => {
      const state = program.peek(LOSS_SCALE_ALLOCATIONS.state)
      return { doublings: state[LOSS_SCALE.doublings]!, good: state[LOSS_SCALE.good]!, skipped: state[LOSS_SCALE.skipped]!, taken: state[LOSS_SCALE.taken]! }
    },
  }
}

const setScale = ({ program }: Loaded, exponent: number): void => program.write(LOSS_SCALE_ALLOCATIONS.state, Float32Array.of(exponent - INITIAL_EXPONENT, 0, 0, 0))
const step = ({ program, compiled }: Loaded, number: number, inputs = batch): void => program.run('train', { ...inputs, ...compiled.update!.inputs(number) })

/** Mean loss of the last of some steps, in units of the head's weight. */
function lossAfter(loaded: Loaded, steps: number, weight: number): number {
  for (let i = 1; i <= steps; i++) {
    loaded.program.clear('metrics')
    step(loaded, i)
  }
  return loaded.program.peek('metrics')[METRICS.loss]! / weight
}

// The last one's twenty layers of ReLU: where a rounded value changes its sign, its gradient comes or goes as a whole.
test.each([['lenet', 0.005], ['char-gpt-pico', 0.005], ['resnet-20', 0.2]])('gradients of %s are those of f32, but for rounding', async (name, most) => {
  const { spec } = zoo.get(name)
  const [half, whole] = [await gradientsOn(createCpuRunner(), spec, 2, 'f16'), await gradientsOn(createCpuRunner(), spec, 2)]
  expect(half.loss / whole.loss).toBeCloseTo(1, 3)
  const differences = Object.values(relativeDifferences(half, whole))
  expect(Math.max(...differences)).toBeLessThan(most)
  expect(Math.max(...differences)).toBeGreaterThan(1e-5)
})

test('training ends at the loss that f32 ends at', () => {
  const [half, whole] = [lossAfter(load(circle(1), 'f16'), 150, 1), lossAfter(load(circle(1), 'f32'), 150, 1)]
  expect(whole).toBeLessThan(0.1)
  expect(Math.abs(half - whole)).toBeLessThan(0.02)
})

test('small gradients vanish in f16 where the loss is not scaled, and do not where it is', () => {
  const weight = 1e-7
  const options = { optimizer: { name: 'adam', learningRate: 0.02, epsilon: 1e-12 } }
  const unscaled = load(circle(weight), 'f16', options)
  const before = unscaled.params()
  setScale(unscaled, 0)
  lossAfter(unscaled, 20, weight)
  const still = unscaled.params().filter((value, i) => value === before[i]).length
  expect(still / before.length).toBeGreaterThan(0.8)
  expect(lossAfter(load(circle(weight), 'f16', options), 150, weight)).toBeLessThan(0.1)
})

test('steps whose gradients overflow change nothing but the scale, until they fit; then it grows again', () => {
  const loaded = load(circle(1000), 'f16')
  setScale(loaded, 24)
  const before = loaded.params(), state = loaded.compiled.update!.slots.map(({ allocation }) => loaded.program.peek(allocation).slice())
  let skipped = 0
  for (; skipped < 20; skipped++) {
    step(loaded, 1)
    if (loaded.scale().taken === 1) break
    expect(loaded.params()).toEqual(before)
    expect(loaded.compiled.update!.slots.map(({ allocation }) => loaded.program.peek(allocation))).toEqual(state)
  }
  expect(skipped).toBeGreaterThan(3)
  expect(loaded.scale()).toEqual({ doublings: 24 - INITIAL_EXPONENT - skipped, good: 1, skipped, taken: 1 })
  expect(loaded.params()).not.toEqual(before)
  loaded.program.write(LOSS_SCALE_ALLOCATIONS.state, Float32Array.of(-10, 1999, skipped, 1))
  step(loaded, 2)
  expect(loaded.scale()).toEqual({ doublings: -9, good: 0, skipped, taken: 1 })
})

test.each(['value', 'norm', 'global-norm'] as const)('clipping by %s sees gradients without the scale, and skips whole steps', (by) => {
  const options = { optimizer: { name: 'sgd', learningRate: 0.5 }, clip: { by, limit: 0.02 } } as const
  const [half, whole] = [load(circle(1), 'f16', options), load(circle(1), 'f32', options)]
  const before = half.params()
  step(half, 1)
  step(whole, 1)
  half.params().forEach((value, i) => expect(value).toBeCloseTo(whole.params()[i]!, 3))
  const after = half.params()
  expect(after).not.toEqual(before)
  step(half, 2, { ...batch, x: x.map((value, i) => (i === 5 ? Infinity : value)) })
  expect(half.params()).toEqual(after)
  expect(half.scale()).toMatchObject({ doublings: -1, skipped: 1, taken: 0 })
})

test('gradients leave without the scale; of several batches they make one step, which one of them can stop', () => {
  const options = { inputGradients: ['x'] }
  const [half, whole] = [load(circle(1), 'f16', options), load(circle(1), 'f32', options)]
  const sum = ({ program, compiled, params }: Loaded, second = batch): { grads: Float32Array; dx: Float32Array; params: Float32Array } => {
    program.clear('grads')
    program.run('inspect', batch)
    program.run('gradient', second)
    const dx = program.peekOutput('inspect', 'x').slice() as Float32Array, grads = program.peek('grads').slice() as Float32Array
    program.run('apply', compiled.update!.inputs(1, { gradScale: 0.5 }))
    return { grads, dx, params: params() }
  }
  const [ours, theirs] = [sum(half), sum(whole)]
  const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  for (const key of ['grads', 'dx'] as const) expect(largest(ours[key].map((value, i) => value - theirs[key][i]!))).toBeLessThan(5e-3 * largest(theirs[key]))
  expect(half.scale()).toEqual({ doublings: 0, good: 1, skipped: 0, taken: 1 })
  expect(sum(half, { ...batch, x: x.map((value, i) => (i === 5 ? Infinity : value)) }).params).toEqual(ours.params)
  expect(half.scale()).toMatchObject({ doublings: -1, skipped: 1, taken: 0 })
})

test('activations take half the memory of the plan', () => {
  const peak = (storage: Storage): number => compileProgram(zoo.get('resnet-20').spec, { batchSize: 32, storage, optimizer: { name: 'sgd', learningRate: 0.1 } }).plans.train!.peakBytes
  expect(peak('f16') / peak('f32')).toBeLessThan(0.6)
})
