// Exported files run with onnxruntime-web: every op on its probes, and every model of the zoo (the smaller for batches of two sizes), against
// our own predictions.
import { InferenceSession, Tensor as OrtTensor, env } from 'onnxruntime-web'
import { describe, expect, test } from 'vitest'
import { product } from '../base/math.ts'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan } from '../graph/compile.ts'
import { reachable } from '../graph/differentiate.ts'
import { fixedNorm } from '../graph/ops/batch-norm.ts'
import { ops } from '../graph/ops/index.ts'
import { fill, pointwise } from '../graph/ops/pointwise.ts'
import { softmaxCrossEntropy } from '../graph/ops/softmax-cross-entropy.ts'
import { input } from '../graph/sources.ts'
import { inScope, type OpProbe, type Tensor } from '../graph/tensor.ts'
import { pointwiseFunctions } from '../kernels/pointwise/index.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import { inputShape, type ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { createWasmRunner } from '../wasm/runner.ts'
import { compileProgram } from '../train/program.ts'
import { fuzzCount, fuzzSeed } from '../train/test-fuzz.ts'
import { randomSpec } from '../train/test-random-spec.ts'
import { exportGraph } from './export-graph.ts'
import { exportOnnx } from './export-model.ts'
import { onnxRules } from './rules/index.ts'
import { exportedFunctions } from './rules/pointwise.ts'

env.wasm.numThreads = 1
env.logLevel = 'error'

type Data = Float32Array | Uint32Array

async function runOnnx(file: Uint8Array, inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Data }>>): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await InferenceSession.create(file)
  const feeds = Object.entries(inputs).map(([name, { shape, data }]) =>
    [name, data instanceof Uint32Array ? new OrtTensor('int64', BigInt64Array.from(data, BigInt), [...shape]) : new OrtTensor('float32', data, [...shape])] as const)
  const results = await session.run(Object.fromEntries(feeds))
  await session.release()
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]))
}

function expectClose(actual: Float32Array | undefined, expected: Float32Array, tolerance: number): void {
  expect(actual?.length).toBe(expected.length)
  const wrong = expected.findIndex((value, i) => !(Math.abs(actual![i]! - value) <= tolerance * Math.max(1, Math.abs(value))))
  expect(wrong < 0 ? 'same' : `[${wrong}] ${actual![wrong]} for ${expected[wrong]}`).toBe('same')
}

function sample(shape: readonly number[], below: number | undefined, seed: string): Data {
  const rng = createRng(seed)
  return below === undefined ? Float32Array.from({ length: product(shape) }, () => 2 * rng.uniform() - 1) : Uint32Array.from({ length: product(shape) }, () => rng.integer(below))
}

/** Probes of this op whose graphs consist of ops and functions that can be exported. */
function exportable(name: string): readonly OpProbe[] {
  const knows = (tensor: Tensor): boolean => reachable([tensor.node]).every(({ op, attrs }) =>
    op.name === 'input' || (onnxRules.has(op.name) && (op.name !== 'pointwise' || exportedFunctions.includes(String(attrs['fn'])))))
  return ops.get(name).probes.filter((probe) => knows(probe.build(probe.inputs.map(({ shape, below }, i) => input(`in${i}`, shape, below === undefined ? 'f32' : 'u32')))))
}

describe('every op with a rule', () => {
  test.each(onnxRules.names())('%s is an op, and gives in a file what it gives here', async (name) => {
    const probes = exportable(name)
    // Those of batch norm make statistics of a batch; fixed ones have a test below.
    if (name !== 'batch-norm') expect(probes.length > 0, 'has a probe to be run').toBe(ops.get(name).probes.length > 0)
    for (const [i, probe] of probes.entries()) {
      const tensors = probe.inputs.map(({ shape, below }, k) => input(`in${k}`, shape, below === undefined ? 'f32' : 'u32'))
      const y = probe.build(tensors)
      const plan = compilePlan({ name: 'probe', outputs: { y } })
      const data = Object.fromEntries(Object.keys(plan.inputs).map((key) => {
        const { shape, below } = probe.inputs[Number(key.slice(2))]!
        return [key, { shape, data: sample(shape, below, `${name} ${i} ${key}`) }]
      }))
      const program = createCpuRunner().loadSync([plan])
      program.run('probe', Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.data])))
      const actual = await runOnnx(exportGraph({ name, outputs: { y } }), data)
      expectClose(actual['y'], program.peekOutput('probe', 'y') as Float32Array, 1e-5)
    }
  })
})

test.each(pointwiseFunctions.names().filter((name) => exportedFunctions.includes(name)))('%s gives the same in a file', async (name) => {
  const { arity, constants = [], range = [-1, 1] } = pointwiseFunctions.get(name)
  const data = Object.fromEntries(Array.from({ length: arity }, (_, i) => [`in${i}`, { shape: [3, 5], data: sample([3, 5], undefined, `${name}${i}`).map((value) => range[0] + ((value + 1) / 2) * (range[1] - range[0])) }]))
  const values = constants.map((declared) => declared.default ?? declared.probe!)
  const y = arity === 0 ? fill([3, 5], values[0]!) : pointwise(name, Object.keys(data).map((key) => input(key, [3, 5])), values)
  const program = createCpuRunner().loadSync([compilePlan({ name: 'probe', outputs: { y } })])
  program.run('probe', Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.data])))
  const actual = await runOnnx(exportGraph({ name, outputs: { y } }), data)
  expectClose(actual['y'], program.peekOutput('probe', 'y') as Float32Array, 1e-5)
})

test('batch norm by running statistics', async () => {
  const inputs = { x: [2, 3, 4], mean: [4], variance: [4], scale: [4], shift: [4] }
  const [x, mean, variance, scale, shift] = Object.entries(inputs).map(([name, shape]) => input(name, shape)) as [Tensor, Tensor, Tensor, Tensor, Tensor]
  const outputs = { plain: fixedNorm(x, { mean, variance, epsilon: 1e-3 }), affine: fixedNorm(x, { mean, variance, epsilon: 1e-3 }, { scale, shift }) }
  const data = Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, { shape, data: sample(shape, undefined, name).map((value) => (name === 'variance' ? value ** 2 : value)) }]))
  const program = createCpuRunner().loadSync([compilePlan({ name: 'probe', outputs })])
  program.run('probe', Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.data])))
  const actual = await runOnnx(exportGraph({ name: 'norm', outputs }), data)
  for (const name of ['plain', 'affine']) expectClose(actual[name], program.peekOutput('probe', name) as Float32Array, 1e-5)
})

test('what does not fit into a file is refused by the name of its node', () => {
  const x = input('x', [2, 3])
  expect(() => exportGraph({ name: 'none', outputs: { y: inScope('dense1', () => pointwise('tanh-slope', [x])) } })).toThrow(/dense1\/.*: must be a function that ONNX export knows, got tanh-slope/)
  expect(() => exportGraph({ name: 'none', outputs: { y: softmaxCrossEntropy(x, input('labels', [2], 'u32'), input('weights', [2])).loss } })).toThrow(/must be an op that ONNX export knows, got softmax-cross-entropy/)
})

/** Ours and the file's, for a batch of this size. */
async function compare(spec: ModelSpec, params: Float32Array, file: Uint8Array, batchSize: number): Promise<void> {
  const { plans, layout } = compileProgram(spec, { batchSize })
  // The plain reference takes a minute for the largest models.
  const runner = await createWasmRunner({ threads: 1 })
  const program = await runner.load([plans.predict])
  program.write('params', unpack(layout, params))
  const read = Object.keys(plans.predict.inputs)
  const data = Object.fromEntries(read.map((name) => {
    const declared = spec.inputs[name]!
    const shape = [batchSize, ...inputShape(declared)]
    return [name, { shape, data: sample(shape, 'below' in declared ? declared.below : undefined, name) }]
  }))
  program.run('predict', Object.fromEntries(Object.entries(data).map(([name, value]) => [name, value.data])))
  const actual = await runOnnx(file, data)
  const names = Object.keys(plans.predict.outputs)
  expect(Object.keys(actual).sort()).toEqual(names.map((name) => (name === 'logits' ? 'output' : name.replace('head/', ''))).sort())
  const expected = await program.readOutputs('predict', names)
  for (const name of names) expectClose(actual[name === 'logits' ? 'output' : name.replace('head/', '')], expected[name]!, 1e-4)
  runner.dispose()
}

test.each(zoo.names())('%s predicts the same from its file, for any batch', async (name) => {
  const { spec } = zoo.get(name)
  const rng = createRng(name)
  // Biases and running statistics begin as zeros and ones, which would hide a mistake.
  const params = initialParams(spec, 7).map((value) => value + 0.02 * rng.uniform())
  const file = exportOnnx(spec, params)
  // Large ones take their time on the reference; that the file fits any batch shows with the small ones.
  for (const batchSize of params.length > 1e6 ? [2] : [1, 3]) await compare(spec, params, file, batchSize)
}, 120_000)

test.each(Array.from({ length: fuzzCount(40) }, (_, i) => [i]))('random model %i predicts the same from its file', async (i) => {
  const spec = randomSpec(fuzzSeed('onnx', i))
  const rng = createRng(i)
  const params = initialParams(spec, i).map((value) => value + 0.02 * rng.uniform())
  await compare(spec, params, exportOnnx(spec, params), 3)
})

test('several heads are outputs by name, and metadata travels', async () => {
  const head = (name: string) => ({ name, from: name, target: name, loss: { name: 'softmax-cross-entropy' } })
  const spec: ModelSpec = {
    name: 'two', inputs: { x: [6] }, output: 'left', heads: [head('left'), head('right')],
    nodes: [{ name: 'left', layer: 'dense', from: ['x'], options: { units: 3 } }, { name: 'right', layer: 'dense', from: ['x'], options: { units: 4 } }],
  }
  const params = initialParams(spec, 1)
  const file = exportOnnx(spec, params, { step: '12' })
  await compare(spec, params, file, 2)
  expect(new TextDecoder().decode(file)).toContain('step')
  expect(() => exportOnnx(spec, params.subarray(1))).toThrow(/params: must have 49 elements for two, got 48/)
})
