// Convolutions by transformed tiles, in rounds of images smaller than any real call's: the last has fewer.
import { describe, expect, it } from 'vitest'
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from '../kernels/conv2d.ts'
import { halfBuffers, inHalf } from '../kernels/half.ts'
import { dispatchesOf, type Dims, type GpuCapabilities, type Kernel } from '../kernels/kernel.ts'
import { allVariants, candidates } from './candidates.ts'
import { openDevice } from './device.ts'
import { createPipelines } from './pipelines.ts'
import { probe } from './probe.ts'
import { testGpu } from './test-gpu.ts'
import { describeMismatches } from './tolerance.ts'
import type { Variant } from './wgsl.ts'

const gpu = await testGpu()
const opened = gpu === undefined ? undefined : await openDevice(gpu)

const plain = { SH: 1, SW: 1, BIAS: 0, ACT: 0 }
const calls: readonly (readonly [string, Dims])[] = [
  ['5x5, same', { ...plain, N: 5, H: 7, W: 6, C: 12, F: 20, KH: 5, KW: 5, OH: 7, OW: 6, PT: 2, PL: 2 }],
  ['3x3, same', { ...plain, N: 5, H: 8, W: 7, C: 20, F: 12, KH: 3, KW: 3, OH: 8, OW: 7, PT: 1, PL: 1 }],
  ['3x3, valid', { ...plain, N: 3, H: 9, W: 15, C: 16, F: 16, KH: 3, KW: 3, OH: 7, OW: 13, PT: 0, PL: 0 }],
  ['3x3, padded at one side', { ...plain, N: 9, H: 6, W: 6, C: 16, F: 16, KH: 3, KW: 3, OH: 6, OW: 7, PT: 2, PL: 1 }],
]
const kernels = [conv2d, conv2dInputGradient, conv2dFilterGradient]

/** Every row, as if few images fitted a round. */
const inRounds = (kernel: Kernel): readonly Variant[] => allVariants(kernel).filter(({ algorithm }) => algorithm.name === 'winograd').map(({ algorithm, consts }) => ({ algorithm, consts: { ...consts, ROUND_KIB: 64 } }))

describe.skipIf(opened === undefined)('convolutions by transformed tiles, in rounds', () => {
  const { device } = opened ?? ({} as NonNullable<typeof opened>)

  it.each(calls)('%s', async (_, dims) => {
    const pipelines = createPipelines(device)
    for (const kernel of kernels) for (const variant of inRounds(kernel)) {
      if (kernel === conv2d) expect(describeMismatches(await probe({ device, pipelines, kernel, dims: { ...dims, BIAS: 1, ACT: 1 }, variant, tolerance: 'balanced' })), 'with bias and activation').toBe('')
      expect(dispatchesOf(kernel, variant.algorithm, dims, variant.consts).length).toBeGreaterThan(6)
      expect(describeMismatches(await probe({ device, pipelines, kernel, dims, variant, tolerance: 'balanced' })), kernel.name).toBe('')
    }
  })

  it.each(calls)('%s, with activations in f16', async (_, dims) => {
    const pipelines = createPipelines(device, 'emulated')
    for (const each of kernels) {
      const kernel = inHalf(each, halfBuffers(each))
      expect(describeMismatches(await probe({ device, pipelines, kernel, dims, variant: inRounds(each)[0]!, tolerance: 'half' })), kernel.name).toBe('')
    }
  })
})

describe('rows of transformed tiles', () => {
  const software: GpuCapabilities = {
    maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256,
    maxStorageBuffersPerShaderStage: 8, subgroupMinSize: 4, subgroupMaxSize: 4, software: true, features: new Set(['subgroups']),
  }
  const fedavg = { ...plain, N: 64, H: 14, W: 14, C: 32, F: 64, KH: 5, KW: 5, OH: 14, OW: 14, PT: 2, PL: 2 }
  const few = { ...plain, N: 32, H: 32, W: 32, C: 16, F: 16, KH: 3, KW: 3, OH: 32, OW: 32, PT: 1, PL: 1 }
  const first = (kernel: Kernel, dims: Dims): string => candidates(kernel, dims, software)[0]!.algorithm.name

  it('are tried first where they are likely to pay', () => {
    for (const kernel of kernels) {
      expect(first(kernel, fedavg)).toBe('winograd')
      expect(first(kernel, few)).not.toBe('winograd')
      expect(candidates(kernel, few, software).some(({ algorithm }) => algorithm.name === 'winograd')).toBe(true)
      // A batch of one pays for transforming the weights alone.
      expect(first(kernel, { ...fedavg, N: 1 })).not.toBe('winograd')
    }
  })

  it('are not tried where they would fill memory', () => {
    const large = { ...few, N: 128, H: 8, W: 8, C: 512, F: 512, OH: 8, OW: 8 }
    expect(candidates(conv2dFilterGradient, large, software).some(({ algorithm }) => algorithm.name === 'winograd')).toBe(false)
  })
})
