// The update of a step: groups of params with settings of their own, regularisation, clipping, gradients gathered over
// several batches, and steps that are skipped; each against the same arithmetic on plain arrays.
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../base/errors.ts'
import { createCpuRunner, type CpuProgram } from '../cpu/runner.ts'
import { SCALES } from '../kernels/optimizers/clipping.ts'
import { initialParams } from '../model/initial-params.ts'
import { pack, unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { compileProgram, type CompiledProgram, type ProgramOptions } from './program.ts'

const spec: ModelSpec = {
  name: 'small',
  inputs: { x: [6] },
  nodes: [
    { name: 'a', layer: 'dense', options: { units: 9, activation: 'tanh' } },
    { name: 'b', layer: 'dense', options: { units: 70, activation: 'tanh' } },
    { name: 'c', layer: 'dense', options: { units: 3 } },
  ],
  output: 'c',
}
const params = initialParams(spec, 4).map((value, i) => value + 0.01 * Math.cos(i))
const batch = { x: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), labels: Uint32Array.of(0, 2, 1, 1), weights: new Float32Array(4).fill(0.25) }

interface Trained {
  readonly compiled: CompiledProgram
  readonly program: CpuProgram
  readonly before: Float32Array
  readonly grads: Float32Array
  readonly after: Float32Array
}

function trained(options: Omit<ProgramOptions, 'batchSize'>, steps = 1): Trained {
  const compiled = compileProgram(spec, { batchSize: 4, ...options })
  const { plans, layout, update } = compiled
  const program = createCpuRunner().loadSync([plans.gradient, plans.train!, plans.apply!])
  program.write('params', unpack(layout, params))
  program.run('gradient', batch)
  const grads = pack(layout, program.peek('grads') as Float32Array)
  for (let step = 1; step <= steps; step++) program.run('train', { ...batch, ...update!.inputs(step) })
  return { compiled, program, before: params, grads, after: pack(layout, program.peek('params') as Float32Array) }
}

/** The gradient that a step of sgd took. */
const taken = ({ before, after }: Trained, rate: number): Float32Array => before.map((value, i) => (value - after[i]!) / rate)
const norm = (values: Float32Array): number => Math.hypot(...values)
const parts = ({ compiled: { layout } }: Trained, values: Float32Array): readonly (readonly [string, Float32Array])[] =>
  layout.entries.map(({ name, packedOffset, size }) => [name, values.subarray(packedOffset, packedOffset + size)] as const)
const close = (actual: Float32Array, expected: ArrayLike<number>, tolerance = 2e-5): void => {
  expect(actual.length).toBe(expected.length)
  expect(actual.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= tolerance))).toBe(-1)
}
const sgd = { name: 'sgd', learningRate: 0.5 }

describe('groups', () => {
  test('each has its own optimizer in one call, and lies in one piece', () => {
    const run = trained({ objectives: [{ params: ['*/bias'], optimizer: sgd }, { optimizer: { name: 'adamw', learningRate: 0.01, weightDecay: 0.5 } }] }, 2)
    const { plans, layout, update } = run.compiled
    expect(plans.train!.calls.filter(({ label }) => label.startsWith('optimizer/')).map(({ label, dims }) => [label, dims['SIZE']])).toEqual([['optimizer/sgd', 64 + 128 + 64], ['optimizer/adamw', 64 + 640 + 256]])
    expect(layout.entries.map(({ name }) => name)).toEqual(['a/weight', 'a/bias', 'b/weight', 'b/bias', 'c/weight', 'c/bias'])
    expect(update!.slots.map(({ optimizer, slot, group }) => `${optimizer} ${slot} ${group.entries.map(({ name }) => name).join()}`)).toEqual(['adamw m a/weight,b/weight,c/weight', 'adamw v a/weight,b/weight,c/weight'])
    const alone = { sgd: trained({ optimizer: sgd }), adamw: trained({ optimizer: { name: 'adamw', learningRate: 0.01, weightDecay: 0.5 } }) }
    const once = trained({ objectives: [{ params: ['*/bias'], optimizer: sgd }, { optimizer: { name: 'adamw', learningRate: 0.01, weightDecay: 0.5 } }] })
    parts(once, once.after).forEach(([name, values], i) => close(values, parts(once, alone[name.endsWith('bias') ? 'sgd' : 'adamw'].after)[i]![1], 1e-7))
  })

  test('patterns leave params out, and rates follow the first', () => {
    const run = trained({ objectives: [{ params: ['b/*', '!b/bias'], optimizer: { name: 'lion', learningRate: 0.01 } }, { optimizer: sgd }] })
    const lion = new Set([0.01, -0.01].map(Math.fround))
    for (const [name, values] of parts(run, run.before.map((value, i) => Math.fround(Math.round((value - run.after[i]!) * 1e5) / 1e5)))) expect([name, values.every((value) => lion.has(value))]).toEqual([name, name === 'b/weight'])
    const { hyper } = run.compiled.update!.inputs(3, { learningRate: 0.02, gradScale: 0.125 })
    expect([hyper![0], hyper![8], hyper![12], hyper![20]]).toEqual([0.02, 0.125, 1, 0.125].map(Math.fround))
  })

  test('an objective without an optimizer is refused where there is none for all', () => {
    expect(() => compileProgram(spec, { batchSize: 1, objectives: [{ params: ['a/*'], optimizer: sgd }, {}] })).toThrow(/objective 2: must have an optimizer/)
    expect(() => compileProgram(spec, { batchSize: 1, optimizer: sgd, objectives: [{ regularise: { l2: -1 } }] })).toThrow(ConfigError)
  })
})

test('l1 and l2 are derivatives of terms of the loss', () => {
  const run = trained({ optimizer: sgd, objectives: [{ params: ['a/*'], regularise: { l1: 0.25, l2: 0.5 } }, {}] })
  const expected = run.grads.map((g, i) => g + (i < 6 * 9 + 9 ? 0.25 * Math.sign(run.before[i]!) + 0.5 * run.before[i]! : 0))
  close(taken(run, 0.5), expected)
})

describe('clipping', () => {
  const objectives = [{ params: ['*/weight'], regularise: { l2: 0.125 } }, {}]
  const regularised = ({ grads, before, compiled: { layout } }: Trained): Float32Array =>
    grads.map((g, i) => g + (layout.entries.find(({ packedOffset, size }) => i >= packedOffset && i < packedOffset + size)!.name.endsWith('weight') ? 0.125 * before[i]! : 0))

  test('by value', () => {
    const run = trained({ optimizer: sgd, objectives, clip: { by: 'value', limit: 0.02 } })
    const expected = regularised(run)
    expect(expected.some((g) => Math.abs(g) > 0.02)).toBe(true)
    close(taken(run, 0.5), expected.map((g) => Math.min(0.02, Math.max(-0.02, g))))
  })

  test.each([0.1, 100])('by the global norm of %f', (limit) => {
    const run = trained({ optimizer: sgd, objectives, clip: { by: 'global-norm', limit } })
    const expected = regularised(run)
    close(taken(run, 0.5), expected.map((g) => g * Math.min(1, limit / norm(expected))))
    expect(run.program.peek('clip/scales')[SCALES.norm]).toBeCloseTo(norm(expected), 5)
  })

  test('by the norm of each tensor, whose sizes end where they like', () => {
    const run = trained({ optimizer: sgd, objectives, clip: { by: 'norm', limit: 0.1 } })
    const expected = parts(run, regularised(run))
    parts(run, taken(run, 0.5)).forEach(([, values], i) => close(values, expected[i]![1].map((g) => g * Math.min(1, 0.1 / norm(expected[i]![1])))))
    expect(expected.some(([, values]) => norm(values) < 0.1)).toBe(true)
    expect(expected.some(([, values]) => norm(values) > 0.1)).toBe(true)
  })

  test('refuses what cannot be', () => {
    const clipped = (by: string, limit: number) => () => compileProgram(spec, { batchSize: 1, optimizer: sgd, clip: { by: by as 'norm', limit } })
    expect(clipped('norms', 1)).toThrow(/clip.by: must be one of value, norm, global-norm, got "norms". Did you mean "norm"/)
    expect(clipped('value', 0)).toThrow(/clip.limit: must be above 0/)
  })
})

test('gradients of several batches make the step of one large batch', () => {
  const options = { optimizer: { name: 'adam', learningRate: 0.01 }, clip: { by: 'global-norm', limit: 0.2 } } as const
  const whole = trained(options)
  const { plans, layout, update } = compileProgram(spec, { batchSize: 2, ...options })
  const program = createCpuRunner().loadSync([plans.gradient, plans.apply!])
  program.write('params', unpack(layout, params))
  for (const half of [0, 1]) program.run('gradient', { x: batch.x.subarray(half * 12, half * 12 + 12), labels: batch.labels.subarray(half * 2, half * 2 + 2), weights: Float32Array.of(1, 1) })
  program.run('apply', update!.inputs(1, { gradScale: 1 / 4 }))
  close(pack(layout, program.peek('params') as Float32Array), whole.after, 1e-6)
})

test('a step clipped by the global norm whose gradients are not finite changes nothing, and the next one goes on', () => {
  const { compiled: { layout, update }, program, after } = trained({ optimizer: { name: 'adam', learningRate: 0.01 }, clip: { by: 'global-norm', limit: 100 } })
  const state = () => ['params', ...update!.slots.map(({ allocation }) => allocation)].map((name) => program.peek(name).slice())
  const before = state()
  program.run('train', { ...batch, x: batch.x.map((value, i) => (i === 5 ? Infinity : value)), ...update!.inputs(2) })
  expect(state()).toEqual(before)
  program.run('train', { ...batch, ...update!.inputs(2) })
  expect(pack(layout, program.peek('params') as Float32Array)).not.toEqual(after)
  expect(program.peek('params').every(Number.isFinite)).toBe(true)
})
