// The engine by itself, as its header shows it.
import { expect, test } from 'vitest'
import { ConfigError } from './base/errors.ts'
import { createRng } from './base/rng.ts'
import { compile, createCpuRunner, decodeTrainingState, encodeTrainingState, zoo, type EngineModel, type ModelSpec, type Runner } from './engine.ts'

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
  await expect(model.train(x, labels)).rejects.toThrow(/at most 20 examples \(batchSize 20, accumulate 1\), got 21/)
  await expect(model.evaluate(x, labels.subarray(1))).rejects.toThrow(/got 20 for 21/)
  await expect(model.predict(x.subarray(1))).rejects.toThrow(/whole examples of shape \[28, 28, 1\]/)
  expect(() => model.setParams(new Float32Array(3))).toThrow(/must have 203530 elements/)
  await expect(compile('mnist-mpl')).rejects.toThrow(/Did you mean "mnist-mlp"/)
})

const dense = (name: string, units: number, from: string, more: object = {}) => ({ name, layer: 'dense', from: [from], options: { units }, ...more })
const runner = createCpuRunner()

/** Two inputs, two heads on one body. */
const twoHeads: ModelSpec = {
  name: 'two-heads',
  inputs: { image: [6], word: { shape: [], below: 5 } },
  nodes: [
    { name: 'words', layer: 'embedding', from: ['word'], options: { vocabulary: 5, units: 8 } },
    dense('images', 8, 'image'),
    { name: 'body', layer: 'add', from: ['words', 'images'], options: { activation: 'tanh' } },
    dense('left', 3, 'body'),
    dense('right', 4, 'body'),
  ],
  output: 'left',
  heads: ['left', 'right'].map((name) => ({ name, from: name, target: `${name}-labels`, weight: name === 'left' ? 1 : 0.5, loss: { name: 'softmax-cross-entropy' } })),
}

function twoHeadExamples(count: number) {
  const rng = createRng('two heads')
  const word = Uint32Array.from({ length: count }, () => rng.integer(5))
  return { image: Float32Array.from({ length: count * 6 }, () => rng.normal()), word, 'left-labels': word.map((w) => w % 3), 'right-labels': word.map((w) => w % 4) }
}

test('several inputs and heads are given, counted and answered by name', async () => {
  const model = await compile(twoHeads, { batchSize: 16, optimizer: { name: 'adam', learningRate: 0.05 }, runner })
  const examples = twoHeadExamples(16)
  for (let step = 0; step < 40; step++) await model.train(examples)
  const { heads, loss, accuracy } = await model.evaluate(examples)
  expect(accuracy).toBe(1)
  expect(heads).toMatchObject({ left: { accuracy: 1 }, right: { accuracy: 1 } })
  expect(loss).toBeCloseTo(heads!['left']!.loss + 0.5 * heads!['right']!.loss, 5)
  const inputs = { image: examples.image, word: examples.word }
  const answers = await model.predictHeads(inputs)
  expect([answers['left']!.length, answers['right']!.length]).toEqual([48, 64])
  expect(await model.predict(inputs)).toEqual(answers['left'])
  await expect(model.predict(examples.image)).rejects.toThrow(/must be given its inputs by name, as there are 2/)
  await expect(model.train(inputs)).rejects.toThrow(/left-labels: must be given, got nothing/)
  await expect(model.train({ ...examples, wrod: examples.word })).rejects.toThrow(/wrod: must be an input or target.*Did you mean "word"/)
  await expect(model.train({ ...examples, word: examples.image })).rejects.toThrow(/word: must be a Uint32Array, got Float32Array/)
  await expect(model.train({ ...examples, word: examples.word.with(3, 5) })).rejects.toThrow(/word: must hold integers below 5, got 5 at 3/)
})

test('accumulated batches step as one large batch, with clipping and two objectives', async () => {
  const recipe = { objectives: [{ params: ['*/bias'], optimizer: { name: 'sgd', learningRate: 0.2 } }, { optimizer: { name: 'adam', learningRate: 0.01 } }], clip: { by: 'global-norm' as const, limit: 0.1 }, runner }
  const [large, small] = [await compile(twoHeads, { ...recipe, batchSize: 16 }), await compile(twoHeads, { ...recipe, batchSize: 5, accumulate: 4 })]
  for (const model of [large, small]) for (let step = 0; step < 3; step++) await model.train(twoHeadExamples(16))
  const [a, b] = [await large.params(), await small.params()]
  expect(a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)).toBeLessThan(1e-5)
  expect((await small.trainingMetrics()).loss).toBeCloseTo((await large.trainingMetrics()).loss, 5)
  await expect(small.train(twoHeadExamples(21))).rejects.toThrow(/at most 20 examples/)
})

test('training goes on from a saved state as if it had not stopped', async () => {
  const make = () => compile(twoHeads, { batchSize: 8, optimizer: { name: 'adam', learningRate: 0.05 }, schedule: { name: 'cosine', totalSteps: 10 }, runner })
  const [whole, first, second] = [await make(), await make(), await make()]
  const examples = twoHeadExamples(8)
  for (let step = 0; step < 6; step++) await whole.train(examples)
  for (let step = 0; step < 3; step++) await first.train(examples)
  const state = await first.state()
  expect(Object.keys(state.optimizer)).toContain('adam/v/words/weight')
  await second.setState(structuredClone(state))
  for (let step = 0; step < 3; step++) await second.train(examples)
  expect(await second.params()).toEqual(await whole.params())
  expect(second.step).toBe(6)
  await expect(second.setState({ ...state, optimizer: {} })).rejects.toThrow(/optimizer state "adam\/m\/.*: must be given/)
})

test('a schedule that waits for a plateau hears evaluations, and remembers them', async () => {
  const make = () => compile(twoHeads, { batchSize: 8, optimizer: { name: 'sgd', learningRate: 1 }, schedule: { name: 'reduce-on-plateau', patience: 0, decay: 0.5 }, runner })
  const [model, other] = [await make(), await make()]
  const examples = twoHeadExamples(8)
  for (let i = 0; i < 3; i++) await model.evaluate(examples)
  const { schedule } = await model.state()
  expect(schedule).toBeDefined()
  await other.setState(await model.state())
  for (const each of [model, other]) await each.train(examples)
  expect(await other.params()).toEqual(await model.params())
  const fresh = await make()
  await fresh.train(examples)
  expect(await fresh.params()).not.toEqual(await model.params())
})

test('a backbone from elsewhere is loaded by name, frozen, and a new head learns on it', async () => {
  const body = await compile(twoHeads, { batchSize: 8, runner, seed: 3 })
  const { 'images/weight': weight, 'images/bias': bias } = await body.tensors()
  const spec: ModelSpec = { name: 'head', inputs: { image: [6] }, nodes: [dense('images', 8, 'image', { frozen: true }), dense('top', 3, 'images')], output: 'top' }
  const model = await compile(spec, { batchSize: 8, runner, optimizer: { name: 'sgd', learningRate: 0.1, weightDecay: 0.1 } })
  await model.setTensors({ 'images/weight': weight!, 'images/bias': bias! })
  const before = await model.tensors()
  expect(before['images/weight']).toEqual(weight)
  for (let step = 0; step < 3; step++) await model.train({ image: twoHeadExamples(8).image, labels: Uint32Array.of(0, 1, 2, 0, 1, 2, 0, 1) })
  const after = await model.tensors()
  expect(after['images/weight']).toEqual(weight)
  expect(after['top/weight']).not.toEqual(before['top/weight'])
  await expect(model.setTensors({ 'image/weight': weight! })).rejects.toThrow(/tensor "image\/weight".*Did you mean "images\/weight"/)
  await expect(model.setTensors({ 'top/weight': weight! })).rejects.toThrow(/must have shape \[8, 3\], got \[6, 8\]/)
})

test('gradients of params and inputs are those of the mean loss', async () => {
  const model = await compile(twoHeads, { batchSize: 4, runner, inputGradients: ['image'] })
  const examples = twoHeadExamples(3)
  const { params, inputs } = await model.gradients(examples)
  expect(params).toHaveLength(model.layout.packedSize)
  expect(inputs['image']).toHaveLength(18)
  const at = 7, step = 0.01
  const lossAt = async (shift: number): Promise<number> => (await model.evaluate({ ...examples, image: examples.image.with(at, examples.image[at]! + shift) })).loss
  expect(inputs['image']![at]).toBeCloseTo((await lossAt(step) - await lossAt(-step)) / (2 * step), 3)
  expect(Math.abs(inputs['image']![at]!)).toBeGreaterThan(1e-3)
  await expect((await compile(twoHeads, { batchSize: 4, runner })).gradients(examples)).rejects.toThrow(/must be asked for when compiling/)
})

/** Normalised, thinned out features. */
const noisy: ModelSpec = {
  name: 'noisy', inputs: { x: [6] }, output: 'out',
  nodes: [{ name: 'norm', layer: 'batch-norm' }, dense('hidden', 16, 'norm'), { name: 'thin', layer: 'dropout', options: { rate: 0.4 } }, dense('out', 3, 'thin')],
}

test('running statistics follow the data in training, are kept with the state, and count where nothing is trained', async () => {
  const options = { batchSize: 64, runner, optimizer: { name: 'sgd', learningRate: 0.01, weightDecay: 0.1 } }
  const model = await compile(noisy, options)
  const rng = createRng('statistics')
  const x = Float32Array.from({ length: 64 * 6 }, (_, i) => 3 + (i % 6) + 2 * rng.normal())
  const labels = Uint32Array.from({ length: 64 }, () => rng.integer(3))
  for (let step = 0; step < 60; step++) await model.train(x, labels)
  const { 'norm/mean': mean, 'norm/variance': variance } = await model.tensors()
  mean!.data.forEach((value, i) => expect(Math.abs(value - 3 - i)).toBeLessThan(0.8))
  variance!.data.forEach((value) => expect(Math.abs(value - 4)).toBeLessThan(2))
  // A single example is judged by the running statistics, so its neighbours do not matter.
  const all = await model.predict(x)
  expect((await model.predict(x.subarray(0, 6)))).toEqual(all.subarray(0, 3))
  const other = await compile(noisy, { ...options, seed: 9 })
  await other.setState(await model.state())
  expect(await other.predict(x)).toEqual(all)
})

test('what layers draw depends on the seed and the step alone', async () => {
  const x = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)), labels = Uint32Array.of(0, 1, 2, 0, 1, 2, 0, 1)
  const trained = async (seed: number): Promise<Float32Array> => {
    const model = await compile(noisy, { batchSize: 8, runner, seed, optimizer: { name: 'sgd', learningRate: 0.1 } })
    await model.setParams(await (await compile(noisy, { batchSize: 8, runner })).params())
    for (let step = 0; step < 3; step++) await model.train(x, labels)
    return model.params()
  }
  expect(await trained(1)).toEqual(await trained(1))
  expect(await trained(2)).not.toEqual(await trained(1))
})

test('gradients are those of the next step, and nothing of the model changes by them', async () => {
  const rate = 0.1
  const model = await compile(noisy, { batchSize: 8, runner, seed: 5, optimizer: { name: 'sgd', learningRate: rate }, inputGradients: ['x'] })
  const x = Float32Array.from({ length: 48 }, (_, i) => 2 + Math.sin(i)), labels = Uint32Array.of(0, 1, 2, 0, 1, 2, 0, 1)
  await model.train(x, labels)
  const before = await model.state()
  const { params: slopes, inputs } = await model.gradients({ x, labels })
  expect(await model.state()).toEqual(before)
  expect(await model.gradients({ x, labels })).toEqual({ params: slopes, inputs })
  expect((await model.trainingMetrics()).examples).toBe(8)
  const from = await model.params()
  await model.train(x, labels)
  const to = await model.params()
  const trained = model.layout.entries.filter(({ role }) => role === 'param')
  for (const { packedOffset, size } of trained) for (let i = packedOffset; i < packedOffset + size; i++) expect(to[i]).toBeCloseTo(from[i]! - rate * slopes[i]!, 6)
  expect(slopes.some((slope) => Math.abs(slope) > 0.01)).toBe(true)
  // Another step draws otherwise.
  model.setParams(from)
  expect((await model.gradients({ x, labels })).params).not.toEqual(slopes)
})

test('refuses labels of classes that it does not have, and arrays that are not typed', async () => {
  const model = await create()
  const { x } = bars(2, 'wrong')
  await expect(model.train(x, Uint32Array.of(3, 10))).rejects.toThrow(/^labels: must hold integers below 10, got 10 at 1\./)
  await expect(model.evaluate({ x, labels: Uint32Array.of(11, 3) })).rejects.toThrow(/^labels: must hold integers below 10, got 11 at 0\./)
  await expect(model.train([...x] as never, [1, 2] as never)).rejects.toThrow(/^examples: must be a typed array, or typed arrays by the names x, labels, got a plain array\. Convert it/)
})

test('says that it was disposed of, whatever is asked of it', async () => {
  const model = await create()
  const { x, labels } = bars(2, 'late')
  model.dispose()
  model.dispose()
  const asked: (() => Promise<unknown>)[] = [() => model.train(x, labels), () => model.evaluate(x, labels), () => model.predict(x), () => model.params(), () => model.trainingMetrics(), () => model.improve(10)]
  for (const ask of asked) await expect(ask()).rejects.toThrow(/^mnist-mlp: must not be used after dispose, got a call\. Compile it again\./)
})

test('idle time is for the runner to improve, where it can', async () => {
  const budgets: number[] = []
  const improving: Runner = {
    ...runner,
    load: async (plans, onProgress) => Object.assign(await runner.load(plans, onProgress), { improve: async (budgetMs: number) => budgets.push(budgetMs) < 2 }),
  }
  const model = await compile(twoHeads, { batchSize: 4, runner: improving })
  while (await model.improve(30));
  expect(budgets).toEqual([30, 30])
  await expect(model.improve(0)).rejects.toThrow(/improve: must have a time above 0 ms, got 0/)
  expect(await (await compile(twoHeads, { batchSize: 4, runner })).improve(30)).toBe(false)
})

test.each<[string, object, RegExp]>([
  ['a learning rate without an optimizer', { learningRate: 0.1 }, /^options\.learningRate: must be said of an optimizer, got 0\.1 without one\. Write optimizer: \{/],
  ['a runner by name', { runner: 'wasm' as never }, /^options\.runner: must be a runner, got wasm\. Write runner: await createWasmRunner\(\)/],
  ['another spelling', { optimiser: { name: 'sgd' } }, /^options\.optimiser: must be a known option \(batchSize, .*optimizer, .*\), got "optimiser"\. Did you mean "optimizer"\?/],
  ['a key of no objective', { objectives: [{ optimizer: { name: 'sgd', learningRate: 1 } }, { param: ['*'], optimizer: { name: 'sgd', learningRate: 1 } }] }, /^options\.objectives\.1\.param: must be a known option \(heads, params, optimizer, regularise\), got "param"\. Did you mean "params"\?/],
  ['a key of no regularisation', { objectives: [{ optimizer: { name: 'sgd', learningRate: 1 }, regularise: { L2: 1 } }] }, /^options\.objectives\.0\.regularise\.L2: must be a known option \(l1, l2\), got "L2"\. Did you mean "l2"\?/],
  ['a key of no clipping', { clip: { by: 'norm', limit: 1, kind: 'x' } }, /^options\.clip\.kind: must be a known option \(by, limit\), got "kind"/],
  ['a bound that clipping lacks', { clip: { by: 'norm', limt: 1 } }, /^options\.clip\.limt: .* Did you mean "limit"\?/],
  ['a name alone', { optimizer: 'adam' }, /^options\.optimizer: must be Object, got "adam"/],
  ['a rate in other letters', { optimizer: { name: 'adam', learningrate: 1 } }, /^optimizer adam\.learningrate: must be a known option \(learningRate, .*Did you mean "learningRate"\?/],
  ['a key of no optimizer', { optimizer: { name: 'adam', beta: 1 } }, /^optimizer adam\.beta: must be a known option/],
])('refuses an option that nobody would hear: %s', async (_what, options, message) => {
  await expect(compile(twoHeads, { runner, ...options })).rejects.toThrow(ConfigError)
  await expect(compile(twoHeads, { runner, ...options })).rejects.toThrow(message)
})

test('takes whole recipes', async () => {
  const { spec, recipe } = zoo.get('char-gpt-pico')
  expect((await compile(spec, { ...recipe, batchSize: 1, runner })).step).toBe(0)
})

test('a model of the zoo brings its recipe, and wrong recipes are refused', async () => {
  const model = await compile('digits-cnn', { runner, batchSize: 1 })
  expect(model.layout.packedSize).toBeGreaterThan(10_000)
  const optimizer = { name: 'sgd', learningRate: 1 }
  await expect(compile(twoHeads, { optimizer, objectives: [{ optimizer }] })).rejects.toThrow(/must be given alone or in each of the objectives/)
  await expect(compile(twoHeads, { accumulate: 0 })).rejects.toThrow(/accumulate: must be a whole number above 0/)
  await expect(compile(twoHeads, { seed: 0.5 })).rejects.toThrow(/seed: must be a whole number/)
})

test('activations are f16 where that is asked for and the runner has it; the loss scale is part of the state', async () => {
  const options = { batchSize: 20, optimizer: { name: 'adam', learningRate: 1e-3 }, storage: 'f16' } as const
  const { x, labels } = bars(20, 'train')
  const model = await compile('mnist-mlp', { ...options, runner: createCpuRunner() })
  expect(model.storage).toBe('f16')
  await model.train(x, labels)
  await model.train(x, labels)
  expect(await model.lossScale()).toEqual({ scale: 65_536, skippedSteps: 0 })
  await model.setState({ ...await model.state(), lossScale: { doublings: -3, good: 5, skipped: 2 } })
  const saved = decodeTrainingState(encodeTrainingState(await model.state()))
  expect(saved.lossScale).toEqual({ doublings: -3, good: 5, skipped: 2 })
  const other = await compile('mnist-mlp', { ...options, runner: createCpuRunner() })
  await other.setState(saved)
  await Promise.all([model, other].map((each) => each.train(x, labels)))
  expect(await other.params()).toEqual(await model.params())
  expect(await other.lossScale()).toEqual({ scale: 8192, skippedSteps: 2 })
  const { half: _half, ...adapter } = createCpuRunner().adapter
  const without = await compile('mnist-mlp', { ...options, runner: { ...createCpuRunner(), adapter } })
  expect([without.storage, await without.lossScale()]).toEqual(['f32', undefined])
  await expect(compile('mnist-mlp', { ...options, storage: 'f15' as 'f16' })).rejects.toThrow(/storage: must be f32 or f16, got "f15". Did you mean "f16"/)
})
