// Every WASM kernel on every probe against its reference, with one thread and with several; and which kernels have none.
import { describe, expect, it } from 'vitest'
import { mapEntries, planOfCall, runCall } from './test-call.ts'
import { mismatches, describeMismatches } from '../gpu/tolerance.ts'
import { probeArrays } from '../gpu/probe.ts'
import { kernels } from '../kernels/index.ts'
import type { NumberArray } from '../kernels/kernel.ts'
import { wasmKernelOf } from './kernels/index.ts'
import { createWasmRunner } from './runner.ts'

const runners = { 'one thread': await createWasmRunner({ threads: 1 }), 'three threads': await createWasmRunner({ threads: 3, worthSharing: 0 }) }

describe('WASM kernels', () => {
  for (const [name, kernel] of kernels.entries()) {
    const probes = kernel.probes.filter((dims) => wasmKernelOf(kernel, dims) !== undefined)
    if (probes.length === 0) continue
    it.each(Object.entries(runners))(`${name} equals its reference: %s`, async (_, runner) => {
      for (const dims of probes) {
        const arrays = probeArrays(kernel, dims)
        const actual = await runCall(runner, planOfCall(kernel, dims), arrays)
        const expected: Record<string, NumberArray> = mapEntries(arrays, (array) => array.slice())
        kernel.reference(dims, expected)
        const wrong = Object.entries(actual).flatMap(([key, array]) => mismatches(key, array, expected[key]!, 'balanced'))
        expect(describeMismatches(wrong), JSON.stringify(dims)).toBe('')
      }
    })
  }
})
