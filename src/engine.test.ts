// The engine by itself, as its header shows it.
import { expect, test } from 'vitest'
import { createRng } from './base/rng.ts'
import { compile, createCpuRunner, type EngineModel } from './engine.ts'

/** Bars whose position is the label. */
function bars(count: number, seed: string): { x: Float32Array; labels: Uint32Array } {
  const rng = createRng(seed)
  const labels = Uint32Array.from({ length: count }, () => rng.integer(10))
  const x = Float32Array.from({ length: count * 784 }, (_, i) => {
    const column = i % 28, label = labels[Math.floor(i / 784)]!
    return (Math.abs(column - 2.5 * label - 2) < 2 ? 0.8 : 0) + 0.2 * rng.uniform()
  })
  return { x, labels }
}

const create = (seed = 1): Promise<EngineModel> =>
  compile('mnist-mlp', { batchSize: 20, optimizer: { name: 'adam', learningRate: 1e-3 }, runner: createCpuRunner(), seed })

test('trains, evaluates, predicts, and gives and takes params', async () => {
  const model = await create()
  const held = bars(50, 'test')
  const before = await model.evaluate(held.x, held.labels)
  for (let step = 0; step < 15; step++) {
    const { x, labels } = bars(20, `step ${step}`)
    await model.train(x, labels)
  }
  const trained = await model.trainingMetrics()
  const after = await model.evaluate(held.x, held.labels)
  expect(trained.examples).toBe(300)
  expect(trained.loss).toBeLessThan(before.loss)
  expect(after.loss).toBeLessThan(trained.loss)
  expect(after).toMatchObject({ examples: 50, accuracy: 1 })
  const logits = await model.predict(held.x)
  expect(logits).toHaveLength(500)
  held.labels.forEach((label, i) => {
    const row = logits.subarray(i * 10, i * 10 + 10)
    expect(row.indexOf(Math.max(...row))).toBe(label)
  })
  const other = await create(2)
  expect((await other.evaluate(held.x, held.labels)).accuracy).toBeLessThan(0.5)
  other.setParams(await model.params())
  expect(await other.predict(held.x)).toEqual(logits)
})

test('a short batch is the mean of its own examples', async () => {
  const [short, doubled] = [await create(), await create()]
  const { x, labels } = bars(7, 'short')
  await short.train(x, labels)
  await doubled.train(Float32Array.from([...x, ...x]), Uint32Array.from([...labels, ...labels]))
  const [a, b] = [await short.params(), await doubled.params()]
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)).toBeLessThan(1e-5)
})

test('wrong sizes and names are refused with the remedy', async () => {
  const model = await create()
  const { x, labels } = bars(21, 'long')
  await expect(model.train(x, labels)).rejects.toThrow(/at most batchSize 20 examples, got 21/)
  await expect(model.evaluate(x, labels.subarray(1))).rejects.toThrow(/got 20 for 21/)
  await expect(model.predict(x.subarray(1))).rejects.toThrow(/whole examples of shape \[28, 28, 1\]/)
  expect(() => model.setParams(new Float32Array(3))).toThrow(/must have 203530 elements/)
  await expect(compile('mnist-mpl')).rejects.toThrow(/Did you mean "mnist-mlp"/)
})
