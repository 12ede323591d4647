// Every WASM kernel on every probe against its reference, with one thread and with several; and that no model needs a kernel without one.
import { describe, expect, it } from 'vitest'
import { probeArrays } from '../gpu/probe.ts'
import { describeMismatches, mismatches } from '../gpu/tolerance.ts'
import { kernels } from '../kernels/index.ts'
import type { NumberArray } from '../kernels/kernel.ts'
import { zoo } from '../model/zoo/index.ts'
import { compileProgram } from '../train/program.ts'
import { wasmKernelOf } from './kernels/index.ts'
import { createWasmRunner } from './runner.ts'
import { mapEntries, runCalls } from './test-call.ts'

const runners = { 'one thread': await createWasmRunner({ threads: 1 }), 'three threads': await createWasmRunner({ threads: 3, worthSharing: 0 }) }

describe('WASM kernels', () => {
  for (const [name, kernel] of kernels.entries()) {
    const probes = kernel.probes.filter((dims) => wasmKernelOf(kernel, dims) !== undefined)
    if (probes.length === 0) continue
    it.each(Object.entries(runners))(`${name} equals its reference: %s`, async (_, runner) => {
      const calls = probes.map((dims) => ({ kernel, dims, arrays: probeArrays(kernel, dims) }))
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

/** Kernels that run their reference, with what they are waiting for. A new one belongs in src/wasm/assembly/ or, with its reason, here. */
const WITHOUT: readonly string[] = []

describe('models of the zoo', () => {
  it.each(zoo.entries())('%s trains and predicts on WASM kernels alone', (_, { spec }) => {
    const { plans } = compileProgram(spec, { batchSize: 2, optimizer: { name: 'adam', learningRate: 1e-3 } })
    const missing = [plans.train!, plans.gradient, plans.evaluate, plans.predict].flatMap(({ calls }) => calls.filter(({ kernel, dims }) => wasmKernelOf(kernel, dims) === undefined))
    expect(missing.map(({ kernel, dims }) => `${kernel.name} ${JSON.stringify(dims)}`).filter((text) => !WITHOUT.includes(text.split(' ')[0]!))).toEqual([])
  })
})
