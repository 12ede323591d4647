// Whole training Plans on WebGPU against the CPU runner: every kernel in its place, buffers shared and reused as planned.
import { describe, expect, it, vi } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { OutOfMemoryError, type Program, type Runner } from '../graph/plan.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram, type CompiledProgram } from '../train/program.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'
import { describeMismatches, mismatches } from './tolerance.ts'

const gpu = await testGpu()
const errors: string[] = []
const openRunner = (): Promise<GpuRunner> => createGpuRunner({ gpu: gpu as GPU, tune: false, onUncapturedError: (message) => errors.push(message) })

const BATCH = 6

/** Peak of TensorFlow.js's step of the FedAvg CNN, batch 64 (README, "Measured"). */
const TFJS_MIB = 92

/** Batches of seeded images; the last example of each is padding. */
function batch(seed: number): { x: Float32Array; labels: Uint32Array; weights: Float32Array } {
  const rng = createRng(`batch ${seed}`)
  return {
    x: Float32Array.from({ length: BATCH * 784 }, () => Math.max(0, rng.uniform() * 2 - 1)),
    labels: Uint32Array.from({ length: BATCH }, () => rng.integer(10)),
    weights: Float32Array.from({ length: BATCH }, (_, i) => (i === BATCH - 1 ? 0 : 1 / (BATCH - 1))),
  }
}

async function load(runner: Runner, compiled: CompiledProgram): Promise<Program> {
  const { gradient, evaluate, predict, train } = compiled.plans
  const program = await runner.load([gradient, evaluate, predict, train!])
  program.write('params', unpack(compiled.layout, initialParams(compiled.model.spec, 3)))
  for (const name of ['grads', 'metrics', ...compiled.update!.slots.map(({ allocation }) => allocation)]) program.clear(name)
  return program
}

/** Three optimizer steps, one accumulated gradient, one prediction. */
async function exercise(program: Program, compiled: CompiledProgram): Promise<Record<string, Float32Array>> {
  for (let step = 1; step <= 3; step++) program.run('train', { ...batch(step), ...compiled.update!.inputs(step) })
  program.run('gradient', batch(4))
  program.run('gradient', batch(5))
  program.run('evaluate', batch(6))
  program.run('predict', { x: batch(7).x })
  const { logits } = await program.readOutputs('predict', ['logits'])
  const [params, grads, metrics] = await program.read(['params', 'grads', 'metrics'])
  return { logits: logits!, params: params!, grads: grads!, metrics: metrics! }
}

describe.skipIf(gpu === undefined)('a program on WebGPU', () => {
  for (const name of ['mnist-mlp', 'mnist-cnn', 'digits-cnn']) {
    it(`trains ${name} as the CPU runner does`, async () => {
      const compiled = compileProgram(zoo.get(name).spec, { batchSize: BATCH, optimizer: { name: 'adam', learningRate: 1e-3 } })
      const runner = await openRunner()
      const actual = await exercise(await load(runner, compiled), compiled)
      const expected = await exercise(await load(createCpuRunner(), compiled), compiled)
      const wrong = Object.entries(expected).flatMap(([tensor, values]) => mismatches(tensor, actual[tensor]!, values, 'permissive'))
      expect(describeMismatches(wrong)).toBe('')
      expect(errors).toEqual([])
      runner.dispose()
    })
  }

  it('keeps the order of calls when runs outnumber those in flight, and copies inputs at once', async () => {
    const compiled = compileProgram(zoo.get('mnist-mlp').spec, { batchSize: BATCH })
    const runner = await openRunner()
    const program = await runner.load([compiled.plans.gradient, compiled.plans.evaluate])
    program.write('params', unpack(compiled.layout, initialParams(compiled.model.spec, 3)))
    program.clear('grads')
    program.clear('metrics')
    const inputs = batch(1)
    for (let i = 0; i < 40; i++) program.run('evaluate', inputs)
    inputs.weights.fill(0)
    const [forty] = await program.read(['metrics'])
    expect(forty![2]).toBe(40 * (BATCH - 1))
    program.run('evaluate', inputs)
    program.clear('metrics')
    program.run('evaluate', batch(2))
    const [one] = await program.read(['metrics'])
    expect(one![2]).toBe(BATCH - 1)
    runner.dispose()
  })

  it('says that the device is lost, to calls in progress and to later ones', async () => {
    const compiled = compileProgram(zoo.get('mnist-mlp').spec, { batchSize: BATCH })
    const runner = await openRunner()
    const program = await runner.load([compiled.plans.evaluate])
    runner.device.destroy()
    await expect(runner.lost).resolves.toEqual(expect.any(String))
    expect(() => program.run('evaluate', batch(1))).toThrow(expect.objectContaining({ name: 'DeviceLostError' }))
    await expect(runner.load([compiled.plans.evaluate])).rejects.toThrow(expect.objectContaining({ name: 'DeviceLostError' }))
  })

  it('makes no buffer after the first step, over 1,000 of them', async () => {
    const spec: ModelSpec = { name: 'tiny', inputs: { x: [16] }, nodes: [{ name: 'hidden', layer: 'dense', options: { units: 8, activation: 'relu' } }, { name: 'out', layer: 'dense', options: { units: 4 } }], output: 'out' }
    const compiled = compileProgram(spec, { batchSize: 4, optimizer: { name: 'adam', learningRate: 1e-3 } })
    const runner = await openRunner()
    const program = await runner.load([compiled.plans.train!])
    program.write('params', unpack(compiled.layout, initialParams(spec, 3)))
    const made: string[] = []
    const { createBuffer } = runner.device
    runner.device.createBuffer = (descriptor) => {
      made.push(descriptor.label ?? '')
      return createBuffer.call(runner.device, descriptor)
    }
    const rng = createRng('steps')
    const inputs = { x: Float32Array.from({ length: 64 }, () => rng.uniform()), labels: Uint32Array.from([0, 1, 2, 3]), weights: new Float32Array(4).fill(0.25) }
    const losses: number[] = []
    let afterFirst = 0
    for (let step = 1; step <= 1000; step++) {
      program.run('train', { ...inputs, ...compiled.update!.inputs(step) })
      if (step % 100 !== 1) continue
      const [metrics] = await program.read(['metrics'])
      losses.push(metrics![0]!)
      program.clear('metrics')
      if (step === 1) afterFirst = made.length
    }
    expect(losses.at(-1)! / 100).toBeLessThan(losses[0]!)
    expect(made.slice(afterFirst)).toEqual([])
    expect(errors).toEqual([])
    runner.dispose()
  })

  it('says what memory it takes before it is taken, the workspaces included: for the FedAvg CNN at most 60% of what TensorFlow.js takes', async () => {
    const { train, evaluate } = compileProgram(zoo.get('fedavg-cnn').spec, { batchSize: 64, optimizer: { name: 'sgd', learningRate: 0.1 } }).plans
    const runner = await createGpuRunner({ gpu: gpu as GPU, tuneBudgetMs: 0, onUncapturedError: (message) => errors.push(message) })
    const { createBuffer } = runner.device
    let madeBytes = 0
    runner.device.createBuffer = (descriptor) => {
      madeBytes += descriptor.size
      return createBuffer.call(runner.device, descriptor)
    }
    const said: string[] = []
    let madeBefore = 0
    const program = await runner.load([train!, evaluate], (_, doing) => {
      if (!doing.startsWith('allocating')) return
      said.push(doing)
      madeBefore = madeBytes
    })
    expect(said).toEqual([`allocating ${(program.bytes / 2 ** 20).toFixed(1)} MiB`])
    // The stopwatch's.
    expect(madeBefore).toBeLessThan(100)
    expect(program.bytes).toBeGreaterThan(train!.peakBytes)
    expect(program.bytes).toBeLessThan(0.6 * TFJS_MIB * 2 ** 20)
    await program.compiled!()
    expect(madeBytes - program.bytes).toBeLessThan(2 ** 16)
    runner.dispose()
  })

  it('hears of it where there is no memory for what it reads', async () => {
    const compiled = compileProgram(zoo.get('mnist-mlp').spec, { batchSize: BATCH })
    const runner = await openRunner()
    const program = await runner.load([compiled.plans.evaluate])
    await program.compiled!()
    const { device } = runner
    const popErrorScope = device.popErrorScope.bind(device)
    device.popErrorScope = async () => await popErrorScope() ?? ({ message: 'no room' } as GPUError)
    await expect(program.read(['metrics'])).rejects.toThrow(OutOfMemoryError)
    device.popErrorScope = popErrorScope
    expect(await program.read(['metrics'])).toHaveLength(1)
    runner.dispose()
  })

  it('computes the same after it was improved', async () => {
    const compiled = compileProgram(zoo.get('mnist-mlp').spec, { batchSize: BATCH })
    const runner = await createGpuRunner({ gpu: gpu as GPU, tuneBudgetMs: 0, onUncapturedError: (message) => errors.push(message) })
    const program = await runner.load([compiled.plans.predict])
    program.write('params', unpack(compiled.layout, initialParams(compiled.model.spec, 3)))
    const predict = async (): Promise<Float32Array> => {
      program.run('predict', { x: batch(1).x })
      return (await program.readOutputs('predict', ['logits']))['logits']!
    }
    const before = await predict()
    let turns = 0
    while (await program.improve!(100)) expect(++turns).toBeLessThan(200)
    expect(describeMismatches(mismatches('logits', await predict(), before, 'permissive'))).toBe('')
    expect(errors).toEqual([])
    runner.dispose()
  })

  describe('whose pipelines are still made', () => {
    const compiled = compileProgram(zoo.get('mnist-mlp').spec, { batchSize: BATCH })
    const evaluate = compiled.plans.evaluate

    /** A program of which the last pipeline waits to be made, and what makes it. */
    async function loadHalf(): Promise<{ runner: GpuRunner; program: Program; submits: () => number; finish: (error?: Error) => void }> {
      const runner = await openRunner()
      const { device } = runner
      const make = device.createComputePipelineAsync.bind(device)
      let asked = 0
      let finish!: (error?: Error) => void
      const gate = new Promise<void>((resolve, reject) => { finish = (error) => (error === undefined ? resolve() : reject(error)) })
      gate.catch(() => undefined)
      const kinds = new Set(evaluate.calls.map(({ kernel, dims }) => `${kernel.name} ${JSON.stringify(dims)}`)).size
      device.createComputePipelineAsync = async (descriptor) => {
        if (++asked === kinds) await gate
        return make(descriptor)
      }
      const program = await runner.load([evaluate])
      program.write('params', unpack(compiled.layout, initialParams(compiled.model.spec, 3)))
      program.clear('metrics')
      let submits = 0
      const submit = device.queue.submit.bind(device.queue)
      device.queue.submit = (buffers) => {
        submits++
        return submit(buffers)
      }
      return { runner, program, submits: () => submits, finish }
    }

    it('begins its first run with those that are there, and keeps the order of what follows', async () => {
      const { runner, program, submits, finish } = await loadHalf()
      const inputs = batch(1)
      program.run('evaluate', inputs)
      inputs.weights.fill(0)
      program.run('evaluate', batch(2))
      const read = program.read(['metrics'])
      await vi.waitFor(() => expect(submits()).toBeGreaterThan(0), 10_000)
      let isCompiled = false
      const all = program.compiled!().then(() => { isCompiled = true })
      expect(isCompiled).toBe(false)
      finish()
      const [metrics] = await read
      await all
      expect(metrics![2]).toBe(2 * (BATCH - 1))
      expect(errors).toEqual([])
      runner.dispose()
    })

    it('says which shader does not compile, to whoever waits and to later calls', async () => {
      const { runner, program, finish } = await loadHalf()
      program.run('evaluate', batch(1))
      program.run('evaluate', batch(2))
      const read = program.read(['metrics'])
      const refusal = expect.objectContaining({ name: 'InvariantError', message: expect.stringContaining('must compile, got Error: no such instruction') })
      finish(new Error('no such instruction'))
      await expect(program.compiled!()).rejects.toThrow(refusal)
      await expect(read).rejects.toThrow(refusal)
      expect(() => program.run('evaluate', batch(3))).toThrow(refusal)
      expect(errors).toEqual([])
      runner.dispose()
    })

    it('can be disposed', async () => {
      const { runner, program, finish } = await loadHalf()
      program.run('evaluate', batch(1))
      program.clear('metrics')
      const read = program.read(['metrics'])
      program.dispose()
      finish()
      await expect(read).rejects.toThrow('must not be used after dispose')
      await runner.device.queue.onSubmittedWorkDone()
      expect(errors).toEqual([])
      runner.dispose()
    })
  })

  it('refuses a plan that the device cannot hold, naming the bytes', async () => {
    const runner = await openRunner()
    const plan = { name: 'huge', allocations: [{ name: 'huge', role: 'scratch' as const, bytes: 2 ** 42 }], calls: [], inputs: {}, outputs: {}, peakBytes: 2 ** 42 }
    await expect(runner.load([plan])).rejects.toThrow(expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining('4194304.0 MiB') }))
    runner.dispose()
  })
})
