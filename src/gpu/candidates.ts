// Which variants of a kernel can run a call on an adapter, the likeliest first.
import { dispatchesOf, type Consts, type Dims, type GpuCapabilities, type Kernel } from '../kernels/kernel.ts'
import type { Variant } from './wgsl.ts'

/** WebGPU's guaranteed limit; adapters rarely offer more. */
const MAX_GROUPS = 65_535

/** Every row of every algorithm, whatever it fits. */
export const allVariants = (kernel: Kernel): readonly Variant[] =>
  kernel.algorithms.flatMap((algorithm) => algorithm.variants.map((consts) => ({ algorithm, consts })))

/** The rows that fit, those written for this sort of adapter first, and of them the likely ones; otherwise in the order declared. */
export function candidates(kernel: Kernel, dims: Dims, gpu: GpuCapabilities): readonly Variant[] {
  const fitting = allVariants(kernel).filter((variant) => fits(kernel, variant, dims, gpu))
  const rank = (variant: Variant): number => 2 * unlikeliness(variant, gpu) + (variant.algorithm.likely?.(dims) === false ? 1 : 0)
  return [...fitting].sort((a, b) => rank(a) - rank(b))
}

/** 0: written for this sort of adapter; 1: for any; 2: for the other sort, so probably slow to compile and to run here. */
function unlikeliness({ algorithm }: Variant, gpu: GpuCapabilities): 0 | 1 | 2 {
  if (algorithm.suits === undefined) return 1
  return algorithm.suits === (gpu.software ? 'software' : 'gpu') ? 0 : 2
}

/** Whether a row was written for this sort of adapter in particular. */
export const isWrittenFor = (variant: Variant, gpu: GpuCapabilities): boolean => unlikeliness(variant, gpu) === 0

/**
 * The candidates worth timing: where rows were written for this sort of adapter, those for the other sort only cost
 * compiling, and on a software adapter those for any sort are several times slower too. There neither subgroups nor sums in
 * parts save what rows for GPUs would win by.
 */
export function worthTiming(kernel: Kernel, dims: Dims, gpu: GpuCapabilities): readonly Variant[] {
  const all = candidates(kernel, dims, gpu)
  const written = all.some((variant) => isWrittenFor(variant, gpu))
  const hopeless = ({ algorithm }: Variant): boolean => gpu.software && algorithm.suits === 'gpu' && (algorithm.features?.includes('subgroups') === true || 'dispatches' in algorithm)
  return all.filter((variant) => !hopeless(variant) && (!written || unlikeliness(variant, gpu) < (gpu.software ? 1 : 2)))
}

export function fits(kernel: Kernel, { algorithm, consts }: Variant, dims: Dims, gpu: GpuCapabilities): boolean {
  if (algorithm.features?.some((feature) => !gpu.features.has(feature)) === true) return false
  if (algorithm.fits?.(dims, consts, gpu) === false) return false
  return dispatchesOf(kernel, algorithm, dims, consts).every(({ workgroup, grid }) => workgroup[0] * workgroup[1] * workgroup[2] <= gpu.maxComputeInvocationsPerWorkgroup
    && workgroup[0] <= gpu.maxComputeWorkgroupSizeX && workgroup[1] <= gpu.maxComputeWorkgroupSizeY
    && grid.every((groups) => groups <= MAX_GROUPS))
}

/** A stored or printed row, found again among the candidates. */
export function findVariant(variants: readonly Variant[], algorithm: string, consts: Consts): Variant | undefined {
  return variants.find((variant) => variant.algorithm.name === algorithm && sameConsts(variant.consts, consts))
}

const sameConsts = (a: Consts, b: Consts): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value)
