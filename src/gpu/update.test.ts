// Updates on WebGPU against the CPU runner: groups with optimizers of their own, clipped by norms, and a step that an
// infinite gradient must leave without effect, whatever the shader compiler takes for granted about infinities.
import { expect, it } from 'vitest'
import { createCpuRunner } from '../cpu/runner.ts'
import type { Runner } from '../graph/plan.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { compileProgram } from '../train/program.ts'
import type { ClipSettings } from '../train/update.ts'
import { createGpuRunner } from './runner.ts'
import { testGpu } from './test-gpu.ts'
import { describeMismatches, mismatches } from './tolerance.ts'

const gpu = await testGpu()

const spec: ModelSpec = {
  name: 'small',
  inputs: { x: [6] },
  nodes: [{ name: 'a', layer: 'dense', options: { units: 70, activation: 'tanh' } }, { name: 'b', layer: 'dense', options: { units: 3 } }],
  output: 'b',
}
const batch = { x: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)), labels: Uint32Array.of(0, 2), weights: Float32Array.of(0.5, 0.5) }

async function steps(runner: Runner, clip: ClipSettings): Promise<{ finite: Float32Array; infinite: Float32Array; state: Float32Array }> {
  const objectives = [{ params: ['*/bias'], optimizer: { name: 'rmsprop', learningRate: 0.01, beta1: 0.9 } }, { optimizer: { name: 'adamw', learningRate: 0.01 }, regularise: { l2: 0.1 } }]
  const { plans, layout, update } = compileProgram(spec, { batchSize: 2, objectives, clip })
  const program = await runner.load([plans.train!])
  program.write('params', unpack(layout, initialParams(spec, 1)))
  for (let step = 1; step <= 3; step++) program.run('train', { ...batch, ...update!.inputs(step) })
  const [finite, ...before] = await program.read(['params', ...update!.slots.map(({ allocation }) => allocation)])
  program.run('train', { ...batch, x: batch.x.map((value, i) => (i === 3 ? Infinity : value)), ...update!.inputs(4) })
  const [infinite, ...after] = await program.read(['params', ...update!.slots.map(({ allocation }) => allocation)])
  if (clip.by === 'global-norm') expect(after).toEqual(before)
  return { finite: finite!, infinite: infinite!, state: before[0]! }
}

it.skipIf(gpu === undefined).each(['global-norm', 'norm'] as const)('clipped by %s, they are those of the CPU runner', async (by) => {
  const runner = await createGpuRunner({ gpu: gpu!, tune: false })
  const actual = await steps(runner, { by, limit: 0.05 })
  const expected = await steps(createCpuRunner(), { by, limit: 0.05 })
  expect(describeMismatches([...mismatches('params', actual.finite, expected.finite, 'balanced'), ...mismatches('state', actual.state, expected.state, 'balanced')])).toBe('')
  if (by === 'global-norm') expect(actual.infinite).toEqual(actual.finite)
  expect(actual.infinite.every(Number.isFinite)).toBe(true)
  runner.dispose()
})
