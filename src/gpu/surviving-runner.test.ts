// Training on a device that is lost again and again ends as if it never had been.
import { describe, expect, it } from 'vitest'
import { createRng } from '../base/rng.ts'
import type { Program, Runner } from '../graph/plan.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { compileProgram } from '../train/program.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { createSurvivingRunner } from './surviving-runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()
const spec: ModelSpec = { name: 'tiny', inputs: { x: [16] }, nodes: [{ name: 'hidden', layer: 'dense', options: { units: 8, activation: 'relu' } }, { name: 'out', layer: 'dense', options: { units: 4 } }], output: 'out' }
const compiled = compileProgram(spec, { batchSize: 4, optimizer: { name: 'adam', learningRate: 1e-2 } })
const STEPS = 150

async function train(runner: Runner, before: (step: number) => void | Promise<void>): Promise<Float32Array> {
  const program: Program = await runner.load([compiled.plans.train!])
  program.write('params', unpack(compiled.layout, initialParams(spec, 3)))
  const rng = createRng('steps')
  const x = new Float32Array(64)
  for (let step = 1; step <= STEPS; step++) {
    await before(step)
    // The same array each time, as a caller may do.
    for (let i = 0; i < x.length; i++) x[i] = rng.uniform()
    program.run('train', { x, labels: Uint32Array.from([0, 1, 2, 3]), weights: new Float32Array(4).fill(0.25), ...compiled.update!.inputs(step) })
    if (step % 10 === 0) await program.settled()
  }
  const [params] = await program.read(['params'])
  return params!
}

describe.skipIf(gpu === undefined)('a surviving runner', () => {
  const open = (): Promise<GpuRunner> => createGpuRunner({ gpu: gpu!, tune: false })

  it('ends with the same params, however often the device goes', async () => {
    const plain = await open()
    const expected = await train(plain, () => {})
    plain.dispose()
    const opened: GpuRunner[] = []
    const runner = await createSurvivingRunner(async () => {
      opened.push(await open())
      return opened.at(-1)!
    })
    const actual = await train(runner, async (step) => {
      // Before the first snapshot, after it, and with runs enqueued that nobody has waited for.
      if (![5, 83, 128, 149].includes(step)) return
      opened.at(-1)!.device.destroy()
      if (step === 83) await opened.at(-1)!.lost
    })
    expect(opened).toHaveLength(5)
    expect(actual).toEqual(expected)
    runner.dispose()
  })

  it('gives up where no device comes back, saying why', async () => {
    const first = await open()
    let opened = false
    const runner = await createSurvivingRunner(async () => {
      if (opened) throw new TypeError('no adapter today')
      opened = true
      return first
    }, { pausesMs: [0, 10] })
    const program = await runner.load([compiled.plans.train!])
    first.device.destroy()
    await first.lost
    await expect(program.settled()).rejects.toThrow('no adapter today')
    await expect(runner.lost).resolves.toContain('no adapter today')
  })
})
