// Every WASM kernel on every probe against its reference, with one thread and with several; which kernels have none; and that no model needs one of those.
import { describe, expect, it, test } from 'vitest'
import { probeArrays } from '../gpu/probe.ts'
import { describeMismatches, mismatches } from '../gpu/tolerance.ts'
import { kernels } from '../kernels/index.ts'
import type { Dims, Kernel, NumberArray } from '../kernels/kernel.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { wasmKernelOf } from './kernels/index.ts'
import { createWasmRunner } from './runner.ts'
import { mapEntries, runCalls } from './test-call.ts'

const runners = { 'one thread': await createWasmRunner({ threads: 1 }), 'three threads': await createWasmRunner({ threads: 3, worthSharing: 0 }) }

/** Kernels that run their reference, and why that is enough. A new one belongs in src/wasm/assembly/ or, with its reason, here. */
const WITHOUT: Readonly<Record<string, string>> = {
  'constant': 'writes at most 256 numbers, and TypeScript does so as fast',
  'loss-scale': 'of f16 storage, which WebAssembly has not',
  'unscale': 'of f16 storage',
  'adjust-loss-scale': 'of f16 storage',
}

/** Calls of a kernel with a WASM implementation that run their reference all the same: optimizers behind a loss scale, again of f16 storage. */
const isLeftOut = (d: Dims): boolean => d['GATED'] === 1

const computed = (kernel: Kernel): readonly Dims[] => kernel.probes.filter((dims) => wasmKernelOf(kernel, dims) !== undefined)

test('every kernel has a WASM implementation, or its reason not to', () => {
  expect(kernels.entries().filter(([, kernel]) => computed(kernel).length === 0).map(([name]) => name).sort()).toEqual(Object.keys(WITHOUT).sort())
})

test('an implementation computes every call of its kernel', () => {
  const refused = kernels.entries().filter(([name]) => WITHOUT[name] === undefined).flatMap(([name, kernel]) =>
    kernel.probes.filter((dims) => (wasmKernelOf(kernel, dims) === undefined) !== isLeftOut(dims)).map((dims) => `${name} ${JSON.stringify(dims)}`))
  expect(refused).toEqual([])
})

describe('WASM kernels', () => {
  for (const [name, kernel] of kernels.entries().filter(([name]) => WITHOUT[name] === undefined)) {
    it.each(Object.entries(runners))(`${name} equals its reference: %s`, async (_, runner) => {
      const calls = computed(kernel).map((dims) => ({ kernel, dims, arrays: probeArrays(kernel, dims) }))
      const results = await runCalls(runner, calls)
      results.forEach((actual, i) => {
        const { dims, arrays } = calls[i]!
        const expected: Record<string, NumberArray> = mapEntries(arrays, (array) => array.slice())
        kernel.reference(dims, expected)
        const wrong = Object.entries(actual).flatMap(([key, array]) => mismatches(key, array, expected[key]!, 'balanced'))
        expect(describeMismatches(wrong), JSON.stringify(dims)).toBe('')
      })
    })
  }
})

describe('models of the zoo', () => {
  it.each(zoo.entries())('%s trains by its recipe and predicts on WASM kernels alone', (_, { spec, recipe }) => {
    const { plans } = compileProgram(spec, { batchSize: 2, objectives: recipe.objectives, ...(recipe.clip === undefined ? {} : { clip: recipe.clip }) })
    const missing = Object.values(plans).flatMap(({ calls }) => calls.filter(({ kernel, dims }) => wasmKernelOf(kernel, dims) === undefined))
    expect(missing.map(({ kernel, dims }) => `${kernel.name} ${JSON.stringify(dims)}`)).toEqual([])
  })
})
