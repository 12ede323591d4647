// Plans whose calls take two dispatches and leave parts of sums in a workspace between them.
import { describe, expect, it, vi } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan } from '../graph/compile.ts'
import { matmul } from '../graph/ops/matmul.ts'
import type { Plan, Program, Runner } from '../graph/plan.ts'
import { input } from '../graph/sources.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { createGpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'
import { describeMismatches, mismatches } from './tolerance.ts'

const gpu = await testGpu()

const random = (name: string, length: number): Float32Array => {
  const rng = createRng(name)
  return Float32Array.from({ length }, () => rng.uniform() - 0.5)
}

/** Only rows that take two dispatches, of small workgroups, as if they were meant for software adapters. */
const inTwo = (kernel: Kernel): Kernel => ({
  ...kernel,
  algorithms: kernel.algorithms.filter((algorithm) => 'dispatches' in algorithm)
    .map((algorithm) => ({ ...algorithm, suits: 'software' as const, variants: algorithm.variants.filter(({ X, SPLITS }) => X === 8 && SPLITS! <= 16).reverse() })),
})

/** y = x · w: long sums of few outputs. */
function planOf(name: string, rows: number): Plan {
  const y = matmul(input('x', [rows, 520]), input('w', [520, 12]))
  const plan = compilePlan({ name, outputs: { y } })
  return { ...plan, calls: plan.calls.map((call) => ({ ...call, kernel: inTwo(call.kernel) })) }
}

const plans = [planOf('small', 6), planOf('large', 34)]
const inputsOf = (plan: Plan): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(plan.inputs).map(([name, { view }]) => [name, random(`${plan.name} ${name}`, view.length)]))

async function outputs(program: Program): Promise<readonly Float32Array[]> {
  for (const plan of plans) program.run(plan.name, inputsOf(plan))
  return Promise.all(plans.map(async ({ name }) => (await program.readOutputs(name, ['y']))['y']!))
}

describe.skipIf(gpu === undefined)('calls of two dispatches', () => {
  const errors: string[] = []
  const expectSame = async (runner: Runner, work: (program: Program) => Promise<void> = async () => undefined): Promise<void> => {
    const expected = await outputs(await createCpuRunner().load(plans))
    const program = await runner.load(plans)
    await work(program)
    // Twice: the second run finds the first one's parts in the workspace.
    for (let run = 0; run < 2; run++) {
      const actual = await outputs(program)
      expect(describeMismatches(actual.flatMap((values, i) => mismatches(plans[i]!.name, values, expected[i]!, 'permissive')))).toBe('')
    }
    expect(errors).toEqual([])
    runner.dispose()
  }
  const open = (options: { readonly tune?: boolean; readonly tuneBudgetMs?: number }): Promise<Runner> =>
    createGpuRunner({ gpu: gpu!, ...options, onUncapturedError: (message) => errors.push(message) })

  it('share a workspace', async () => expectSame(await open({ tune: false })))

  it('begin with the dispatches whose pipelines are there', async () => {
    const runner = await createGpuRunner({ gpu: gpu!, tune: false, onUncapturedError: (message) => errors.push(message) })
    const { device } = runner
    const make = device.createComputePipelineAsync.bind(device)
    let finish!: () => void
    const gate = new Promise<void>((resolve) => { finish = resolve })
    device.createComputePipelineAsync = async (descriptor) => {
      if (descriptor.label!.includes('dispatch 2')) await gate
      return make(descriptor)
    }
    const plan = plans[0]!
    expect(plan.calls).toHaveLength(1)
    const program = await runner.load([plan])
    const submits = vi.spyOn(device.queue, 'submit')
    program.run(plan.name, inputsOf(plan))
    await vi.waitFor(() => expect(submits).toHaveBeenCalledTimes(1), 10_000)
    finish()
    const { y } = await program.readOutputs(plan.name, ['y'])
    expect(submits.mock.calls.length).toBeGreaterThan(1)
    const cpu = await createCpuRunner().load([plan])
    cpu.run(plan.name, inputsOf(plan))
    expect(describeMismatches(mismatches('y', y!, (await cpu.readOutputs(plan.name, ['y']))['y']!, 'permissive'))).toBe('')
    expect(errors).toEqual([])
    runner.dispose()
  })

  it('go on with rows that need more of it', async () => expectSame(await open({ tuneBudgetMs: 0 }), async (program) => {
    while (await program.improve!(1_000));
  }))
})
