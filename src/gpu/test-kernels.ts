// For tests: every variant of every algorithm of a share of the kernels against its CPU reference, on a real WebGPU implementation.
// In files of their own, since SwiftShader compiles one shader at a time in each process.
import { describe, expect, it } from 'vitest'
import { kernels } from '../kernels/index.ts'
import type { Kernel } from '../kernels/kernel.ts'
import { allVariants, fits } from './candidates.ts'
import { openDevice } from './device.ts'
import { createPipelines } from './pipelines.ts'
import { probe } from './probe.ts'
import { testGpu } from './test-gpu.ts'
import { describeMismatches } from './tolerance.ts'
import { describeVariant } from './wgsl.ts'

const gpu = await testGpu()
const opened = gpu === undefined ? undefined : await openDevice(gpu)

const SHARES = 4

export function describeKernels(share: number): void {
  describe.skipIf(opened === undefined)('kernels on WebGPU', () => {
    for (const [name, kernel] of kernels.entries().filter((_, i) => i % SHARES === share)) describeKernel(name, kernel)
  })
}

function describeKernel(name: string, kernel: Kernel): void {
  const { device, capabilities } = opened ?? ({} as NonNullable<typeof opened>)
  describe(name, () => {
    const pipelines = createPipelines(device)
    it('has a row for each probe', () => {
      for (const dims of kernel.probes) expect(allVariants(kernel).some((variant) => fits(kernel, variant, dims, capabilities)), JSON.stringify(dims)).toBe(true)
    })
    for (const variant of allVariants(kernel)) {
      const lacks = variant.algorithm.features?.filter((feature) => !capabilities?.features.has(feature)) ?? []
      it.skipIf(lacks.length > 0)(`${describeVariant(kernel, variant)} equals its reference`, async () => {
        const probes = kernel.probes.filter((dims) => fits(kernel, variant, dims, capabilities))
        expect(probes.length, 'probes that this row fits').toBeGreaterThan(0)
        const wrong = await Promise.all(probes.map(async (dims) => {
          const list = await probe({ device, pipelines, kernel, dims, variant, tolerance: 'balanced' })
          return list.length === 0 ? [] : [`${JSON.stringify(dims)}\n${describeMismatches(list)}`]
        }))
        expect(wrong.flat().join('\n')).toBe('')
      })
    }
  })
}
