// Memory of training steps: what the FedAvg CNN needs, that a limit lowers it at equal gradients, and that loading finds one that fits.
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { OutOfMemoryError, type Plan } from '../graph/plan.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { loadFitting } from './load-fitting.ts'
import { compileProgram } from './program.ts'

/** Its activations are most of what it needs. */
const spec: ModelSpec = {
  name: 'deep', inputs: { x: [16] }, output: 'logits',
  nodes: [
    ...Array.from({ length: 10 }, (_, i) => ({ name: `dense${i}`, layer: 'dense', options: { units: 16, activation: 'gelu' } })),
    { name: 'logits', layer: 'dense', options: { units: 10 } },
  ],
}
const batchSize = 256
const sgd = { name: 'sgd', learningRate: 0.1 }

function gradient(plan: Plan, seed: number): readonly number[] {
  const program = createCpuRunner().loadSync([plan])
  const rng = createRng(seed)
  program.write('params', unpack(compileProgram(spec, { batchSize }).layout, initialParams(spec, seed)))
  program.run('gradient', { x: Float32Array.from({ length: batchSize * 16 }, () => rng.uniform()), labels: Uint32Array.from({ length: batchSize }, () => rng.integer(10)), weights: new Float32Array(batchSize).fill(1) })
  return [...program.peek('grads')]
}

test('the FedAvg CNN step at batch 64 needs little more than params, gradients and its largest activation twice', () => {
  const { plans } = compileProgram(zoo.get('fedavg-cnn').spec, { batchSize: 64, optimizer: sgd })
  const arenas = 2 * 1_663_370 * 4, image = 64 * 28 * 28 * 32 * 4
  expect(plans.train!.peakBytes).toBeLessThan(arenas + 2.2 * image)
})

test('a limit lowers the peak of a deep model and changes no gradient', () => {
  const whole = compileProgram(spec, { batchSize }).plans.gradient
  const limit = 0.6 * whole.peakBytes
  const { gradient: tight } = compileProgram(spec, { batchSize, memoryLimitBytes: limit }).plans
  expect(tight.peakBytes).toBeLessThanOrEqual(limit)
  expect(gradient(tight, 3)).toEqual(gradient(whole, 3))
})

test('a device that has no room for the Plans gets smaller ones, and one that has none at all says so', async () => {
  const runner = createCpuRunner()
  const attempt = (bytes: number) => loadFitting({
    compile: (memoryLimitBytes) => compileProgram(spec, { batchSize, memoryLimitBytes }),
    plans: ({ plans }) => [plans.gradient],
    load: async (plans) => {
      const needed = plans[0]!.peakBytes
      if (needed > bytes) throw new OutOfMemoryError(`memory: must hold ${needed}`)
      return runner.load(plans)
    },
  })
  const { peakBytes } = compileProgram(spec, { batchSize }).plans.gradient
  expect((await attempt(0.6 * peakBytes)).compiled.plans.gradient.peakBytes).toBeLessThanOrEqual(0.6 * peakBytes)
  await expect(attempt(1000)).rejects.toThrow(OutOfMemoryError)
})
