// Rows of grouped and dilated filter gradients on software adapters: a sum over the batch is shared out, never left to one invocation.
import { expect, test } from 'vitest'
import { worthTiming } from '../gpu/candidates.ts'
import { groupedConv2dFilterGradient as kernel } from './grouped-conv2d.ts'
import { dim, dispatchesOf, type GpuCapabilities } from './kernel.ts'

const software: GpuCapabilities = {
  maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256,
  maxStorageBuffersPerShaderStage: 8, subgroupMinSize: 4, subgroupMaxSize: 4, software: true, features: new Set(['subgroups']),
}
/** Shaders whose workgroups share a sum, or a tile of sums. */
const SHARED = ['kernels/grouped-conv2d/filter-gradient-lines.wgsl', 'kernels/grouped-conv2d/filter-gradient.wgsl', 'kernels/gemm/sliced-k.wgsl', 'kernels/gemm/workgroup-tiles.wgsl']

test.each(kernel.probes)('%j', (dims) => {
  const rows = worthTiming(kernel, dims, software)
  expect(rows.length).toBeGreaterThan(0)
  for (const { algorithm, consts } of rows) {
    expect(dispatchesOf(kernel, algorithm, dims, consts).map(({ shader }) => shader)).toEqual(SHARED.slice(0, 1))
    // Taps of a row share what they load, unless they lie too far apart.
    if (dim(dims, 'KW') > 1 && dim(dims, 'DW') < 4) expect(consts['TAPS']).toBeGreaterThan(1)
  }
  const elsewhere = worthTiming(kernel, dims, { ...software, subgroupMinSize: 0, subgroupMaxSize: 0, features: new Set() })
  expect(elsewhere.length).toBeGreaterThan(0)
  for (const { algorithm, consts } of elsewhere) {
    expect(dispatchesOf(kernel, algorithm, dims, consts).every(({ shader, workgroup }) => SHARED.includes(shader) && workgroup[0] * workgroup[1] >= 64)).toBe(true)
  }
})
