// What a Plan promises to runners, on plans of the zoo and on graphs made to be awkward.
import { expect, test } from 'vitest'
import { createRng } from '../base/rng.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { compilePlan } from './compile.ts'
import { activation } from './ops/activation.ts'
import { add } from './ops/pointwise.ts'
import { matmul } from './ops/matmul.ts'
import { maxPool } from './ops/max-pool.ts'
import { reshape } from './ops/reshape.ts'
import { VIEW_ALIGNMENT_BYTES, type Plan, type View } from './plan.ts'
import { input, param } from './sources.ts'

const zooPlans = zoo.entries().flatMap(([, { spec }]) => [true, false].flatMap((fused) =>
  Object.values(compileProgram(spec, { batchSize: 4, optimizer: { name: 'adam', learningRate: 1e-3 }, fused }).plans)))

const inside = (plan: Plan, view: View): boolean => view.offsetBytes + view.length * 4 <= plan.allocations[view.allocation]!.bytes

test('every view lies aligned inside its allocation, and no call binds what it writes a second time', () => {
  for (const plan of zooPlans) for (const { kernel, views } of plan.calls) {
    const written = Object.entries(views).filter(([key]) => kernel.buffers[key]!.access !== 'read').map(([, view]) => view.allocation)
    for (const view of Object.values(views)) {
      expect(inside(plan, view)).toBe(true)
      expect(view.offsetBytes % VIEW_ALIGNMENT_BYTES).toBe(0)
    }
    for (const allocation of written) expect(Object.values(views).filter((view) => view.allocation === allocation)).toHaveLength(1)
  }
})

test('whatever a call reads from scratch is what the call that the graph names wrote last', () => {
  // If lifetimes were wrong, sharing memory would change results.
  const spec = zoo.get('digits-cnn').spec
  const results = [true, false].map((fused) => {
    const { plans, layout } = compileProgram(spec, { batchSize: 3, fused })
    const program = createCpuRunner({ precision: 'f64' }).loadSync([fused ? plans.gradient : unshared(plans.gradient)])
    const rng = createRng(5)
    program.write('params', unpack(layout, initialParams(spec, 5)))
    program.run('gradient', { x: Float32Array.from({ length: 3 * 784 }, () => rng.uniform()), labels: Uint32Array.of(1, 5, 9), weights: Float32Array.of(1, 0.5, 0) })
    return [...program.peek('grads'), ...program.peek('metrics')]
  })
  const [shared, separate] = results as [number[], number[]]
  // Fusing changes nothing but where a sum is rounded, which double precision hides.
  shared.forEach((value, i) => { if (Math.abs(value - separate[i]!) > 1e-12 * Math.max(1, Math.abs(value))) expect(value).toBe(separate[i]) })
  expect(Math.max(...shared.map(Math.abs))).toBeGreaterThan(0)
})

/** The same plan with an allocation of its own for each tensor that is written to scratch. */
function unshared(plan: Plan): Plan {
  const allocations = [...plan.allocations]
  const current = new Map<number, number>()
  const calls = plan.calls.map((call) => ({
    ...call,
    views: Object.fromEntries(Object.entries(call.views).map(([key, view]) => {
      if (plan.allocations[view.allocation]!.role !== 'scratch') return [key, view]
      if (call.kernel.buffers[key]!.access === 'write') current.set(view.allocation, allocations.push({ ...plan.allocations[view.allocation]!, name: `own${allocations.length}` }) - 1)
      return [key, { ...view, allocation: current.get(view.allocation)! }]
    })),
  }))
  return { ...plan, allocations, calls }
}

test('bias and activation cost no call behind matmul, conv2d and max-pool', () => {
  const { plans } = compileProgram(zoo.get('fedavg-cnn').spec, { batchSize: 2 })
  expect(plans.predict.calls.map(({ kernel, dims }) => `${kernel.name} ${dims['BIAS'] ?? ''}${dims['ACT'] ?? ''}`.trim())).toEqual([
    // Pooling comes before bias and activation, which then have fewer elements.
    'conv2d 00', 'max-pool 11', 'conv2d 00', 'max-pool 11', 'matmul 11', 'matmul 10',
  ])
})

test('an activation in front of max-pool gives the same after it', () => {
  const x = input('x', [1, 4, 4, 1])
  const geometry = { size: [2, 2], stride: [2, 2] } as const
  const plan = compilePlan({ name: 'p', outputs: { y: maxPool(activation(x, 'tanh'), geometry), z: activation(maxPool(x, geometry), 'tanh') } })
  const program = createCpuRunner().loadSync([plan])
  program.run('p', { x: Float32Array.from({ length: 16 }, (_, i) => Math.sin(7 * i)) })
  expect([...program.peekOutput('p', 'y')]).toEqual([0, 2, 8, 10].map((at) => Math.fround(Math.tanh(Math.max(...[0, 1, 4, 5].map((by) => Math.fround(Math.sin(7 * (at + by)))))))))
  expect([...program.peekOutput('p', 'z')]).toEqual([...program.peekOutput('p', 'y')])
})

test('a value that somebody else reads is not fused away', () => {
  const x = input('x', [2, 3])
  const product = matmul(x, input('w', [3, 3]))
  const plan = compilePlan({ name: 'p', outputs: { y: add(activation(product, 'relu'), product) } })
  expect(plan.calls.map(({ kernel }) => kernel.name)).toEqual(['matmul', 'pointwise relu(0) add(1,0)'])
  const kept = compilePlan({ name: 'p', outputs: { y: activation(product, 'relu'), product } })
  expect(kept.calls.map(({ kernel }) => kernel.name)).toEqual(['matmul', 'pointwise relu(0)'])
})

test('a later activation is fused through a reshape and a second epilogue', () => {
  const x = input('x', [2, 3])
  const y = activation(reshape(matmul(x, input('w', [3, 4])), [8]), 'tanh')
  expect(compilePlan({ name: 'p', outputs: { y } }).calls.map(({ kernel, dims }) => [kernel.name, dims['ACT']])).toEqual([['matmul', 2]])
  expect(compilePlan({ name: 'p', outputs: { y: activation(y, 'relu') } }).calls).toHaveLength(2)
})

test('outputs and arena parts that have no memory of their own are copied', () => {
  const x = input('x', [4]), w = param('w', [4])
  const total = add(x, w)
  const plan = compilePlan({
    name: 'p',
    outputs: { itself: x, total, again: reshape(total, [2, 2]) },
    arenas: [{ name: 'params', length: 64, parts: [{ tensor: w, offset: 0 }] }, { name: 'kept', length: 192, parts: [{ tensor: total, offset: 0 }, { tensor: total, offset: 64 }, { tensor: x, offset: 128 }] }],
  })
  const program = createCpuRunner().loadSync([plan])
  program.write('params', new Float32Array(64).fill(10))
  program.run('p', { x: Float32Array.of(1, 2, 3, 4) })
  expect([...program.peekOutput('p', 'itself')]).toEqual([1, 2, 3, 4])
  expect([...program.peekOutput('p', 'total')]).toEqual([11, 12, 13, 14])
  expect(plan.outputs['again']!.shape).toEqual([2, 2])
  expect([...program.peekOutput('p', 'again')]).toEqual([11, 12, 13, 14])
  expect([...program.peek('kept')].filter((_, i) => i % 64 < 4)).toEqual([11, 12, 13, 14, 11, 12, 13, 14, 1, 2, 3, 4])
})
