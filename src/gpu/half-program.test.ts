// Whole programs with activations in f16, emulated, on a real WebGPU implementation: gradients as the CPU runner's, and the loss
// scale's steps as its.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import { diagnose } from '../graph/diagnose.ts'
import type { Runner } from '../graph/plan.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { LOSS_SCALE_ALLOCATIONS } from '../train/loss-scaling.ts'
import { compileProgram } from '../train/program.ts'
import { gradientsOn, relativeDifferences } from '../train/test-gradients.ts'
import { lease, model, params, setUp, welcome, work } from '../volunteer/test-trainer.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()

const spec: ModelSpec = {
  name: 'small', inputs: { x: [6] }, output: 'b',
  nodes: [{ name: 'a', layer: 'dense', options: { units: 70, activation: 'tanh' } }, { name: 'b', layer: 'dense', options: { units: 3 } }],
}
const compiled = compileProgram(spec, { batchSize: 2, storage: 'f16', optimizer: { name: 'adam', learningRate: 0.01 }, clip: { by: 'value', limit: 1 } })
const batch = { x: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)), labels: Uint32Array.of(0, 2), weights: Float32Array.of(0.5, 0.5) }
const wrong = { ...batch, x: batch.x.map((value, i) => (i === 3 ? Infinity : value)) }

/** The loss scale's state after each of some steps, and whether params stayed as they were. */
async function steps(runner: Runner): Promise<readonly { readonly state: readonly number[]; readonly still: boolean }[]> {
  const program = await runner.load([compiled.plans.train!])
  program.write('params', unpack(compiled.layout, initialParams(spec, 1)))
  program.write(LOSS_SCALE_ALLOCATIONS.state, Float32Array.of(-2, 1998, 0, 0))
  const seen = []
  for (const inputs of [batch, batch, wrong, wrong, batch]) {
    const [before] = await program.read(['params'])
    program.run('train', { ...inputs, ...compiled.update!.inputs(seen.length + 1) })
    const [after, state] = await program.read(['params', LOSS_SCALE_ALLOCATIONS.state])
    seen.push({ state: [...state!], still: after!.every((value, i) => value === before![i]) })
  }
  program.dispose()
  return seen
}

describe.skipIf(gpu === undefined)('a program in f16', () => {
  const errors: string[] = []
  let runner: GpuRunner
  beforeAll(async () => { runner = await createGpuRunner({ gpu: gpu!, tune: false, halfMode: 'emulated', onUncapturedError: (message) => errors.push(message) }) })
  afterAll(() => runner.dispose())

  it.each(['mnist-cnn', 'char-gpt-pico'])('has the gradients of the CPU runner: %s', async (name) => {
    const [ours, theirs] = [await gradientsOn(runner, zoo.get(name).spec, 2, 'f16'), await gradientsOn(createCpuRunner(), zoo.get(name).spec, 2, 'f16')]
    expect(ours.loss / theirs.loss).toBeCloseTo(1, 4)
    for (const [tensor, difference] of Object.entries(relativeDifferences(ours, theirs))) expect(difference, tensor).toBeLessThan(5e-3)
    expect(errors).toEqual([])
  })

  it('grows its loss scale, skips steps that overflow and goes on as the CPU runner does', async () => {
    const seen = await steps(runner)
    expect(seen.map(({ state }) => state)).toEqual([[-2, 1999, 0, 1], [-1, 0, 0, 1], [-2, 0, 1, 0], [-3, 0, 2, 0], [-3, 1, 2, 1]])
    expect(seen.map(({ still }) => still)).toEqual([false, false, true, true, false])
    expect(await steps(createCpuRunner())).toEqual(seen)
  })

  it('computes a lease of a volunteer again at lower scales until nothing overflows', async () => {
    const heavy: ModelSpec = { ...model, heads: [{ name: 'logits', from: 'logits', target: 'labels', weight: 1000, loss: { name: 'softmax-cross-entropy' } }] }
    const { config, ...plain } = welcome()
    const [ours, theirs] = await Promise.all([runner, createCpuRunner()].map(async (each) => {
      const { trainer } = setUp(params, async () => each)
      await trainer.open()
      await trainer.prepare({ ...plain, model: heavy, config: { ...config, storage: 'f16' } }, () => {})
      const outcome = await work(trainer, lease([{ shard: 1, start: 0, count: 20 }]))
      expect(trainer.storage).toBe('f16')
      return outcome.kind === 'train' ? outcome.gradient : undefined
    }))
    const largest = Math.max(...theirs!.map(Math.abs))
    expect(largest).toBeGreaterThan(10)
    ours!.forEach((value, i) => expect(Math.abs(value - theirs![i]!) / largest).toBeLessThan(5e-3))
    expect(errors).toEqual([])
  })

  it('can be replayed for a diagnosis', async () => {
    const inputs = { ...wrong, ...compiled.update!.inputs(1) }
    const persistent = { params: unpack(compiled.layout, initialParams(spec, 1)) }
    expect(await diagnose({ runner, plan: compiled.plans.train!, persistent, inputs: { ...batch, ...compiled.update!.inputs(1) } })).toBeUndefined()
    expect(await diagnose({ runner, plan: compiled.plans.train!, persistent, inputs })).toMatchObject(await diagnose({ runner: createCpuRunner(), plan: compiled.plans.train!, persistent, inputs }) as object)
  })
})
