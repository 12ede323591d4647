// The WASM runner as a Program: whole training steps like the reference's, the same bits with any number of threads, exact sizes,
// kernels without a WASM implementation, and too little memory.
import { expect, test } from 'vitest'
import { mismatches } from '../gpu/tolerance.ts'
import { createCpuRunner } from '../cpu/runner.ts'
import type { HostArray, Plan, Runner } from '../graph/plan.ts'
import { kernels } from '../kernels/index.ts'
import { CLIP, HYPER } from '../kernels/optimizers.ts'
import { initialParams } from '../model/initial-params.ts'
import { unpack } from '../model/layout.ts'
import type { ModelSpec } from '../model/spec.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { wasmKernelOf } from './kernels/index.ts'
import { createWasmRunner } from './runner.ts'
import { mapEntries, planOfCall, runCalls } from './test-call.ts'

const LENET: ModelSpec = zoo.get('lenet').spec
const compiled = compileProgram(LENET, { batchSize: 6, optimizer: { name: 'adam', learningRate: 1e-2 } })

/** Params and metrics after a few training steps. */
async function trained(runner: Runner, steps: number): Promise<readonly Float32Array[]> {
  const { plans, layout, update } = compiled
  const program = await runner.load([plans.train!])
  for (const { name, role } of plans.train!.allocations) if (role === 'persistent') program.clear(name)
  program.write('params', unpack(layout, initialParams(LENET, 3)))
  for (let step = 1; step <= steps; step++) program.run('train', { ...data(plans.train!), ...update!.inputs(step) })
  const result = await program.read(['params', 'metrics'])
  program.dispose()
  return result
}

const data = ({ inputs }: Plan): Record<string, HostArray> => ({
  x: Float32Array.from({ length: inputs['x']!.view.length }, (_, i) => ((i * 37) % 101) / 101),
  labels: Uint32Array.of(1, 2, 3, 4, 5, 9),
  weights: Float32Array.of(0.2, 0.2, 0.2, 0.2, 0.2, 0),
})

test('training steps are those of the reference', async () => {
  const wasm = await trained(await createWasmRunner({ threads: 1 }), 3)
  const reference = await trained(createCpuRunner(), 3)
  for (const [i, array] of wasm.entries()) expect(mismatches(String(i), array, reference[i]!, 'permissive')).toEqual([])
})

test('threads change no bit', async () => {
  const one = await trained(await createWasmRunner({ threads: 1 }), 3)
  const runner = await createWasmRunner({ threads: 4, worthSharing: 0 })
  expect(runner.adapter.name).toBe('WebAssembly SIMD, 4 threads')
  expect(await trained(runner, 3)).toEqual(one)
})

test('plans share persistent memory by name; reads are copies', async () => {
  const { plans, layout } = compiled
  const program = await (await createWasmRunner({ threads: 1 })).load([plans.gradient, plans.evaluate, plans.predict])
  program.write('params', unpack(layout, initialParams(LENET, 1)))
  const batch = data(plans.gradient)
  program.run('gradient', batch)
  program.run('evaluate', batch)
  const [metrics, grads] = await program.read(['metrics', 'grads'])
  expect(metrics![2]).toBe(10)
  program.clear('grads')
  expect(grads!.some((g) => g !== 0)).toBe(true)
  program.run('predict', { x: batch['x']! })
  expect((await program.readOutputs('predict', ['logits']))['logits']).toHaveLength(60)
  expect(() => program.write('params', new Float32Array(3))).toThrow(/must have \d+ elements, got 3/)
  expect(() => program.run('predict', batch)).toThrow(/only its inputs x, got labels/)
})

test.each([[0, 0], [0, 1], [1, 0], [1, 1]])('zeros times what is not finite are NaN here as in the reference: TA=%i, TB=%i', async (TA, TB) => {
  const M = 5, N = 10, K = 7
  const plan = planOfCall(kernels.get('matmul'), { M, N, K, TA, TB, BIAS: 0, ACT: 0 })
  const b = new Float32Array(K * N).fill(1)
  // In row 3 of B: column 2 and the last.
  for (const [column, value] of [[2, NaN], [N - 1, Infinity]] as const) b[TB === 1 ? column * K + 3 : 3 * N + column] = value
  const expected = Float32Array.from({ length: M * N }, (_, i) => ([2, N - 1].includes(i % N) ? NaN : 0))
  for (const runner of [await createWasmRunner({ threads: 1 }), createCpuRunner(), createCpuRunner({ precision: 'f64' })]) {
    const program = await runner.load([plan])
    program.write('call b', b)
    program.run('call', {})
    expect(await program.read(['call c']), runner.adapter.name).toEqual([expected])
  }
})

test.each([CLIP.norm, CLIP.globalNorm])('a norm that is not finite says to leave the params as they are, as in the reference: CLIP=%i', async (mode) => {
  const kernel = kernels.get('clip-scales')
  const dims = { PARTIALS: 6, TENSORS: mode === CLIP.norm ? 3 : 1, CLIP: mode, SCALES: 6, GROUP: 0, HYPER: HYPER.length }
  const given = { partials: Float32Array.of(1, 2, 3, Infinity, 4, NaN), counts: Uint32Array.of(3, 2, 1), hyper: new Float32Array(HYPER.length).fill(0.5), scales: new Float32Array(6) }
  const expected = mapEntries(given, (array) => array.slice())
  kernel.reference(dims, expected)
  const [actual] = await runCalls(await createWasmRunner({ threads: 1 }), [{ kernel, dims, arrays: given }])
  expect(actual!['scales']).toEqual(expected['scales'])
  expect([...actual!['scales']!].filter((scale) => scale === -1)).toHaveLength(mode === CLIP.norm ? 3 : 1)
})

test('a kernel without a WASM implementation runs its reference', async () => {
  const kernel = kernels.get('constant'), dims = kernel.probes[0]!
  expect(wasmKernelOf(kernel, dims)).toBeUndefined()
  const program = await (await createWasmRunner({ threads: 1 })).load([planOfCall(kernel, dims)])
  program.run('call', {})
  const expected = new Float32Array(dims['SIZE']!)
  kernel.reference(dims, { y: expected })
  expect(await program.read(['call y'])).toEqual([expected])
})

test('a Plan beyond the memory of WebAssembly is refused with a remedy', async () => {
  const plan = planOfCall(kernels.get('accumulate'), { SIZE: 2 ** 30 })
  await expect((await createWasmRunner({ threads: 1 })).load([plan])).rejects.toThrow(/^WASM memory: must be had whole, got none of \d+ MiB\. Close other tabs/)
})
