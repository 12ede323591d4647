// The debug replay on a real device: the same finding as on the CPU.
import { describe, expect, it } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan } from '../graph/compile.ts'
import { diagnose } from '../graph/diagnose.ts'
import { matmul } from '../graph/ops/matmul.ts'
import { pointwise } from '../graph/ops/pointwise.ts'
import { input } from '../graph/sources.ts'
import { createGpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'

const gpu = await testGpu()

describe.skipIf(gpu === undefined)('the debug replay', () => {
  it('names the call that overflowed first', async () => {
    const x = input('x', [4, 4])
    const y = matmul(pointwise('square', [matmul(pointwise('exp', [matmul(x, x)]), x)]), x)
    const plan = compilePlan({ name: 'p', outputs: { y } })
    const runner = await createGpuRunner({ gpu: gpu!, tune: false })
    expect(await diagnose({ runner, plan, persistent: {}, inputs: { x: new Float32Array(16).fill(0.5) } })).toBeUndefined()
    const found = await diagnose({ runner, plan, persistent: {}, inputs: { x: new Float32Array(16).fill(4.5) } })
    // exp(81) = 1.5e35, times 18 = 2.7e36, squared: too large.
    expect(found).toMatchObject({ label: 'square', output: { count: 16 }, inputs: [{ from: 'matmul' }] })
    expect(found!.inputs[0]!.values.largest).toBeGreaterThan(1e36)
    runner.dispose()
  })

  it.each([1, NaN, Infinity])('finds zeros times %s where the CPU runner finds them', async (value) => {
    const x = input('x', [4, 4]), w = input('w', [4, 4])
    const plan = compilePlan({ name: 'p', outputs: { y: pointwise('square', [matmul(pointwise('relu', [x]), w)]) } })
    const inputs = { x: new Float32Array(16).fill(-1), w: Float32Array.from({ length: 16 }, (_, i) => (i === 6 ? value : 1)) }
    const runner = await createGpuRunner({ gpu: gpu!, tune: false })
    const [found, expected] = [await diagnose({ runner, plan, persistent: {}, inputs }), await diagnose({ runner: createCpuRunner(), plan, persistent: {}, inputs })]
    expect(found).toEqual(expected)
    expect(found?.output.nan).toBe(value === 1 ? undefined : 4)
    runner.dispose()
  })
})
