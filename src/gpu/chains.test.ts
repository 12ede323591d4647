// Fused chains on a real device: random graphs, fused, against the same graphs unfused on the CPU.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { compilePlan } from '../graph/compile.ts'
import { grow, recipes } from '../graph/test-chains.ts'
import { createGpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'
import { describeMismatches, mismatches } from './tolerance.ts'

const gpu = await testGpu()

describe.skipIf(gpu === undefined)('chains of pointwise functions', () => {
  it('give on the device what their functions give one by one', async () => {
    const runner = await createGpuRunner({ gpu: gpu!, tune: false })
    for (const [i, recipe] of fc.sample(recipes, { numRuns: 8, seed: 1 }).entries()) {
      const made = grow(recipe)
      const outputs = { last: made.at(-1)!, other: made[Math.floor(made.length / 2)]! }
      const [fused, plain] = [compilePlan({ name: 'p', outputs }), compilePlan({ name: 'p', outputs, fused: false })]
      const rng = createRng(`chain ${i}`)
      const inputs = Object.fromEntries(Object.entries(plain.inputs).map(([name, { view }]) => [name, Float32Array.from({ length: view.length }, () => rng.uniform() - 0.5)]))
      const [device, host] = [await runner.load([fused]), createCpuRunner({ precision: 'f64' }).loadSync([plain])]
      device.run('p', inputs)
      host.run('p', inputs)
      const results = await device.readOutputs('p', Object.keys(outputs))
      for (const [name, result] of Object.entries(results)) {
        expect(describeMismatches(mismatches(name, result, host.peekOutput('p', name), 'permissive')), `recipe ${i}`).toBe('')
      }
      device.dispose()
    }
    runner.dispose()
  })
})
