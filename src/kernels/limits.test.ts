// WebGPU guarantees eight storage buffers in a shader stage and 65,535 workgroups along a dimension: every kernel stays within.
import { expect, it } from 'vitest'
import { kernels } from './index.ts'
import { allVariants, fits } from '../gpu/candidates.ts'
import { boundDispatches } from '../gpu/wgsl.ts'

const STORAGE_BUFFERS = 8
const least = {
  maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256,
  maxStorageBuffersPerShaderStage: STORAGE_BUFFERS, subgroupMinSize: 0, subgroupMaxSize: 0, software: false, features: new Set<string>(),
}
const hardware = { ...least, subgroupMinSize: 32, subgroupMaxSize: 32, features: new Set(['subgroups']) }
const software = { ...hardware, subgroupMinSize: 4, subgroupMaxSize: 4, software: true }

it.each([...kernels.entries()])('%s binds no more buffers than every adapter has', (_, kernel) => {
  expect(kernel.probes.length).toBeGreaterThan(0)
  for (const dims of kernel.probes) {
    for (const variant of allVariants(kernel).filter((each) => fits(kernel, each, dims, hardware) || fits(kernel, each, dims, software))) {
      for (const { bindings } of boundDispatches(kernel, dims, variant)) expect(bindings.length, JSON.stringify(dims)).toBeLessThanOrEqual(STORAGE_BUFFERS)
    }
  }
})

it.each([...kernels.entries()])('%s has a row for adapters without subgroups or f16', (_, kernel) => {
  for (const dims of kernel.probes) {
    expect(allVariants(kernel).some((variant) => fits(kernel, variant, dims, least)), JSON.stringify(dims)).toBe(true)
  }
})
