// Which kernels have a WASM implementation; the others run their reference.
import type { Dims, Kernel } from '../../kernels/kernel.ts'
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from './conv2d.ts'
import { matmul } from './matmul.ts'
import { maxPool, maxPoolGradient, maxPoolGradientInPlace } from './max-pool.ts'
import { gradientSquares, optimizerKernels } from './optimizers.ts'
import { accumulate, pointwiseKernelOf } from './pointwise.ts'
import { accumulateMetrics, broadcast, reduce } from './reduce.ts'
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const list: readonly WasmKernel[] = [
  matmul, conv2d, conv2dInputGradient, conv2dFilterGradient, maxPool, maxPoolGradient, maxPoolGradientInPlace,
  accumulate, reduce, broadcast, accumulateMetrics, softmaxCrossEntropy, softmaxCrossEntropyGradient,
  ...optimizerKernels, gradientSquares,
]
const byName = new Map(list.map((kernel) => [kernel.name, kernel]))

/** The implementation that computes this call; undefined where there is none. */
export function wasmKernelOf(kernel: Kernel, d: Dims): WasmKernel | undefined {
  const found = byName.get(kernel.name) ?? pointwiseKernelOf(kernel)
  return found?.fits?.(d) === false ? undefined : found
}
