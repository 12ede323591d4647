// Training on a device that is lost again and again ends as if it never had been.
import { describe, expect, it } from 'vitest'
import { createRng } from '../base/rng.ts'
import type { Program, Runner } from '../graph/plan.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { compileProgram } from '../train/program.ts'
import { createGpuRunner, type GpuRunner } from './runner.ts'
import { createSurvivingRunner, SNAPSHOT_EVERY } from './surviving-runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()
const spec: ModelSpec = { name: 'tiny', inputs: { x: [16] }, nodes: [{ name: 'hidden', layer: 'dense', options: { units: 8, activation: 'relu' } }, { name: 'out', layer: 'dense', options: { units: 4 } }], output: 'out' }
const compiled = compileProgram(spec, { batchSize: 4, optimizer: { name: 'adam', learningRate: 1e-2 } })
const STEPS = 150

/** Sets the params and gives what enqueues one step after the other. */
function stepsOn(program: Program): () => void {
  program.write('params', unpack(compiled.layout, initialParams(spec, 3)))
  const rng = createRng('steps')
  const x = new Float32Array(64)
  let step = 0
  return () => {
    // The same array each time, as a caller may do.
    for (let i = 0; i < x.length; i++) x[i] = rng.uniform()
    program.run('train', { x, labels: Uint32Array.from([0, 1, 2, 3]), weights: new Float32Array(4).fill(0.25), ...compiled.update!.inputs(++step) })
  }
}

async function train(runner: Runner, before: (step: number) => void | Promise<void> = () => {}, steps = STEPS): Promise<Float32Array> {
  const program: Program = await runner.load([compiled.plans.train!])
  const next = stepsOn(program)
  for (let step = 1; step <= steps; step++) {
    await before(step)
    next()
    if (step % 10 === 0) await program.settled()
  }
  const [params] = await program.read(['params'])
  return params!
}

describe.skipIf(gpu === undefined)('a surviving runner', () => {
  const open = (): Promise<GpuRunner> => createGpuRunner({ gpu: gpu!, tune: false })

  /** With the devices it has opened. */
  async function openSurviving(): Promise<{ readonly runner: Runner; readonly opened: readonly GpuRunner[]; readonly lose: () => Promise<void> }> {
    const opened: GpuRunner[] = []
    const runner = await createSurvivingRunner(async () => {
      opened.push(await open())
      return opened.at(-1)!
    })
    const lose = async (): Promise<void> => {
      opened.at(-1)!.device.destroy()
      await opened.at(-1)!.lost
    }
    return { runner, opened, lose }
  }

  it('ends with the same params, however often the device goes', async () => {
    const plain = await open()
    const expected = await train(plain)
    plain.dispose()
    const { runner, opened } = await openSurviving()
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

  it('answers with the outputs of the last run, also where the device goes after a snapshot that covers it', async () => {
    const { runner, opened, lose } = await openSurviving()
    const program = await runner.load([compiled.plans.train!, compiled.plans.predict])
    const step = stepsOn(program)
    const ask = (value: number): void => program.run('predict', { x: new Float32Array(64).fill(value) })
    const answer = async (): Promise<Float32Array> => (await program.readOutputs('predict', ['logits']))['logits']!
    for (let i = 1; i < SNAPSHOT_EVERY; i++) ask(i / SNAPSHOT_EVERY)
    const expected = await answer()
    expect(expected.some((value) => value !== 0)).toBe(true)
    // From here on the same question has another answer.
    step()
    await program.settled()
    await lose()
    expect(await answer()).toEqual(expected)
    await program.settled()
    expect(await answer()).toEqual(expected)
    ask(0.5)
    const later = await answer()
    expect(later).not.toEqual(expected)
    await lose()
    expect(await answer()).toEqual(later)
    expect(opened).toHaveLength(3)
    runner.dispose()
  })

  it('forgets no run that came while several waited for a snapshot', async () => {
    const plain = await open()
    const expected = await train(plain, undefined, SNAPSHOT_EVERY + 2)
    plain.dispose()
    const { runner, lose } = await openSurviving()
    const program = await runner.load([compiled.plans.train!])
    const step = stepsOn(program)
    for (let i = 0; i < SNAPSHOT_EVERY; i++) step()
    const waiting: Promise<void>[] = []
    for (let i = 0; i < 2; i++) {
      waiting.push(program.settled())
      // The snapshot is on its way then, and nothing of what follows is in it.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      step()
    }
    await Promise.all(waiting)
    await lose()
    expect((await program.read(['params']))[0]).toEqual(expected)
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
