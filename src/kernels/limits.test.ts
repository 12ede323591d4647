// WebGPU guarantees eight storage buffers in a shader stage and 65,535 workgroups along a dimension: every kernel stays within.
import { expect, it } from 'vitest'
import { kernels } from './index.ts'
import { workgroupOf } from './kernel.ts'
import { allVariants } from '../gpu/candidates.ts'

const STORAGE_BUFFERS = 8
const WORKGROUPS = 65_535

it.each([...kernels.entries()])('%s binds no more buffers than every adapter has', (_, kernel) => {
  expect(kernel.probes.length).toBeGreaterThan(0)
  for (const dims of kernel.probes) {
    const bound = Object.values(kernel.buffers).filter(({ bound: isBound }) => isBound?.(dims) ?? true)
    expect(bound.length, JSON.stringify(dims)).toBeLessThanOrEqual(STORAGE_BUFFERS)
  }
})

it.each([...kernels.entries()])('%s has a row for adapters without subgroups or f16', (_, kernel) => {
  const gpu = {
    maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256,
    maxStorageBuffersPerShaderStage: STORAGE_BUFFERS, subgroupMinSize: 0, subgroupMaxSize: 0, software: false, features: new Set<string>(),
  }
  for (const dims of kernel.probes) {
    const usable = allVariants(kernel).filter(({ algorithm, consts }) => (algorithm.features ?? []).length === 0 && (algorithm.fits?.(dims, consts, gpu) ?? true)
      && workgroupOf(algorithm, dims, consts).reduce((a, b) => a * b) <= 256 && algorithm.grid(dims, consts).every((groups) => groups <= WORKGROUPS))
    expect(usable.length, JSON.stringify(dims)).toBeGreaterThan(0)
  }
})
