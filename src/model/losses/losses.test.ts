// Every loss against its formula, and what specs may say of it.
import { expect, test } from 'vitest'
import { createCpuRunner } from '../../cpu/runner.ts'
import { compilePlan } from '../../graph/compile.ts'
import { input } from '../../graph/sources.ts'
import { buildModel } from '../build-model.ts'
import type { ModelSpec } from '../spec.ts'
import { losses } from './index.ts'

interface Given {
  readonly name: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly shape: readonly number[]
  readonly output: readonly number[]
  readonly target: readonly number[]
  readonly weights: readonly number[]
}

function run({ name, options = {}, shape, output, target, weights }: Given): { readonly loss: number[]; readonly correct?: number[] } {
  const loss = losses.get(name)
  const type = loss.target(shape, options, 'head')
  const built = loss.build({ output: input('output', shape), target: input('target', type.shape, type.element), weights: input('weights', [weights.length]) }, options)
  const program = createCpuRunner({ precision: 'f64' }).loadSync([compilePlan({ name: 'loss', outputs: { ...built } })])
  program.run('loss', {
    output: Float64Array.from(output),
    target: type.element === 'u32' ? Uint32Array.from(target) : Float64Array.from(target),
    weights: Float64Array.from(weights),
  })
  const read = (key: string): number[] => [...program.peekOutput('loss', key)]
  return { loss: read('loss'), ...(built.correct === undefined ? {} : { correct: read('correct') }) }
}

const close = (actual: readonly number[] | undefined, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(actual![i]).toBeCloseTo(value, 6))
}

/** -log softmax(z)[label] */
const surprise = (z: readonly number[], label: number): number => Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) - z[label]!

const rows = [[1, 2, -1], [0.5, -0.5, 0], [3, 1, 1], [-1, 0, 2]] as const

test('softmax cross-entropy is the mean over positions, times the example\'s weight', () => {
  const { loss, correct } = run({ name: 'softmax-cross-entropy', options: { labelSmoothing: 0 }, shape: [2, 2, 3], output: rows.flat(), target: [1, 2, 0, 1], weights: [1, 0.5] })
  close(loss, [(surprise(rows[0], 1) + surprise(rows[1], 2)) / 2, (surprise(rows[2], 0) + surprise(rows[3], 1)) / 4])
  close(correct, [0.5, 0.5])
})

test('padding costs nothing and hits nothing', () => {
  const { loss, correct } = run({ name: 'softmax-cross-entropy', options: { labelSmoothing: 0 }, shape: [2, 3], output: rows.slice(0, 2).flat(), target: [1, 0], weights: [0, 1] })
  close(loss, [0, surprise(rows[1], 0)])
  close(correct, [0, 1])
})

test('label smoothing wants a share of every class; class weights multiply', () => {
  const smoothed = (z: readonly number[], label: number): number => 0.8 * surprise(z, label) + [0, 1, 2].reduce((sum, k) => sum + (0.2 / 3) * surprise(z, k), 0)
  close(run({ name: 'softmax-cross-entropy', options: { labelSmoothing: 0.2 }, shape: [2, 3], output: rows.slice(0, 2).flat(), target: [1, 2], weights: [1, 1] }).loss, [smoothed(rows[0], 1), smoothed(rows[1], 2)])
  close(run({ name: 'softmax-cross-entropy', options: { labelSmoothing: 0.2, classWeights: [1, 3, 0.5] }, shape: [2, 3], output: rows.slice(0, 2).flat(), target: [1, 2], weights: [1, 1] }).loss, [3 * smoothed(rows[0], 1), 0.5 * smoothed(rows[1], 2)])
})

test('squared and absolute errors are means over an example\'s elements', () => {
  const given = { shape: [2, 2], output: [1, -2, 0, 4], target: [0, 0, 0.5, 1], weights: [1, 2] }
  const squares = run({ name: 'mean-squared-error', ...given })
  close(squares.loss, [2.5, 9.25])
  expect(squares.correct).toBeUndefined()
  close(run({ name: 'mean-absolute-error', ...given }).loss, [1.5, 3.5])
})

test('Huber\'s loss is squares up to delta and lines beyond', () => {
  const given = { shape: [1, 2], output: [0.5, -3], target: [0, 0], weights: [1] }
  close(run({ name: 'huber', options: { delta: 1 }, ...given }).loss, [(0.125 + 2.5) / 2])
  close(run({ name: 'huber', options: { delta: 2 }, ...given }).loss, [(0.125 + 4) / 2])
})

test('binary cross-entropy of logits does not overflow, and counts the right side', () => {
  const { loss, correct } = run({ name: 'binary-cross-entropy', shape: [2, 2], output: [2, -1, 1000, -1000], target: [1, 1, 1, 1], weights: [1, 1] })
  close(loss, [(Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(1))) / 2, 500])
  close(correct, [0.5, 0.5])
})

test('distillation softens both by the temperature and keeps the size of gradients', () => {
  const soft = (z: readonly number[]): number[] => {
    const exps = z.map((x) => Math.exp(x / 2))
    return exps.map((e) => e / exps.reduce((sum, x) => sum + x, 0))
  }
  const [student, teacher] = [soft(rows[0]), soft(rows[2])]
  const { loss, correct } = run({ name: 'distillation', options: { temperature: 2 }, shape: [1, 3], output: rows[0], target: rows[2], weights: [1] })
  close(loss, [4 * teacher.reduce((sum, p, k) => sum - p * Math.log(student[k]!), 0)])
  close(correct, [0])
})

const spec = (loss: { readonly name: string; readonly [option: string]: unknown }, nodes: ModelSpec['nodes'] = [{ name: 'd', layer: 'dense', options: { units: 3 } }]): ModelSpec =>
  ({ name: 'test', inputs: { x: [4] }, nodes, output: nodes.at(-1)!.name, heads: [{ name: 'h', loss }] })

test.each([
  [spec({ name: 'softmax-cross-entropy', classWeights: [1, 2] }), /^head h.classWeights: must be as many as there are classes, got 2 for \[3\]. Give 3/],
  [spec({ name: 'softmax-cross-entropy', labelSmoothing: 1 }), /labelSmoothing: must be/],
  [spec({ name: 'huber', delta: 0 }), /delta: must be/],
  [spec({ name: 'distillation', temperature: -1 }), /temperature: must be/],
  [spec({ name: 'mean-square-error' }), /loss: must be one of .* Did you mean "mean-squared-error"/],
])('refuses what cannot be', (wrong, message) => {
  expect(() => buildModel(wrong, 2)).toThrow(message)
})

test.each(losses.names())('%s is a head of a model', (name) => {
  const { heads } = buildModel(spec({ name }), 5)
  expect(heads[0]!.loss.shape).toEqual([5])
  expect(heads[0]!.target.shape.length).toBe(name === 'softmax-cross-entropy' ? 1 : 2)
})
