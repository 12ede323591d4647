// Convolutions by transformed tiles, in rounds of images smaller than any real call's: the last has fewer.
import { describe, expect, it } from 'vitest'
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from '../kernels/conv2d.ts'
import { dispatchesOf, type Dims, type Kernel } from '../kernels/kernel.ts'
import { allVariants } from './candidates.ts'
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
      expect(dispatchesOf(kernel, variant.algorithm, dims, variant.consts).length).toBeGreaterThan(6)
      expect(describeMismatches(await probe({ device, pipelines, kernel, dims, variant, tolerance: 'balanced' })), kernel.name).toBe('')
    }
  })
})
