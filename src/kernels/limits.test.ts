// WebGPU guarantees eight storage buffers in a shader stage and 65,535 workgroups along a dimension: every kernel stays within.
import { expect, it } from 'vitest'
import { kernels } from './index.ts'
import { allVariants, fits } from '../gpu/candidates.ts'
import { boundDispatches } from '../gpu/wgsl.ts'

const STORAGE_BUFFERS = 8

it.each([...kernels.entries()])('%s binds no more buffers than every adapter has', (_, kernel) => {
  expect(kernel.probes.length).toBeGreaterThan(0)
  for (const dims of kernel.probes) {
    for (const variant of allVariants(kernel)) for (const { bindings } of boundDispatches(kernel, dims, variant)) expect(bindings.length, JSON.stringify(dims)).toBeLessThanOrEqual(STORAGE_BUFFERS)
  }
})

it.each([...kernels.entries()])('%s has a row for adapters without subgroups or f16', (_, kernel) => {
  const gpu = {
    maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256,
    maxStorageBuffersPerShaderStage: STORAGE_BUFFERS, subgroupMinSize: 0, subgroupMaxSize: 0, software: false, features: new Set<string>(),
  }
  for (const dims of kernel.probes) {
    expect(allVariants(kernel).some((variant) => fits(kernel, variant, dims, gpu)), JSON.stringify(dims)).toBe(true)
  }
})
