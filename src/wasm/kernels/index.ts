// Which kernels have a WASM implementation; the others run their reference.
import type { Dims, Kernel } from '../../kernels/kernel.ts'
import { attention, attentionDelta, attentionGradient } from './attention.ts'
import { conv2d, conv2dFilterGradient, conv2dInputGradient, groupedConv2d } from './conv2d.ts'
import { distillation, distillationGradient } from './distillation.ts'
import { dropout } from './dropout.ts'
import { elementwiseLoss, elementwiseLossGradient } from './elementwise-loss.ts'
import { gatherRows, groupIds, sumGroups } from './embedding.ts'
import { matmul } from './matmul.ts'
import { maxPool, maxPoolGradient, maxPoolGradientInPlace } from './max-pool.ts'
import { batchNormalise, batchNormInputGradient, channelMoments, channelStatistics, movingAverage, norm, normInputGradient, normParamGradient } from './norm.ts'
import { clipScales, gradientSquares, optimizerKernels } from './optimizers.ts'
import { accumulate, pointwiseKernelOf, proximal } from './pointwise.ts'
import { averagePool, averagePoolGradient, globalMax, globalMaxGradient } from './pool.ts'
import { accumulateMetrics, broadcast, reduce } from './reduce.ts'
import { recurrentCells } from './recurrent.ts'
import { concat, split, transpose, window } from './shape.ts'
import { softmax, softmaxCrossEntropy, softmaxCrossEntropyGradient, softmaxGradient } from './softmax.ts'
import type { WasmKernel } from './wasm-kernel.ts'

const list: readonly WasmKernel[] = [
  matmul, conv2d, conv2dInputGradient, conv2dFilterGradient, ...groupedConv2d, maxPool, maxPoolGradient, maxPoolGradientInPlace,
  accumulate, proximal, reduce, broadcast, accumulateMetrics, softmaxCrossEntropy, softmaxCrossEntropyGradient, softmax, softmaxGradient,
  elementwiseLoss, elementwiseLossGradient, distillation, distillationGradient,
  norm, normInputGradient, normParamGradient,
  channelMoments, channelStatistics, batchNormalise, batchNormInputGradient, movingAverage,
  averagePool, averagePoolGradient, globalMax, globalMaxGradient,
  gatherRows, groupIds, sumGroups, attention, attentionDelta, attentionGradient, dropout,
  ...recurrentCells, concat, split, window, transpose,
  ...optimizerKernels, gradientSquares, clipScales,
]
const byName = new Map(list.map((kernel) => [kernel.name, kernel]))

/** The implementation that computes this call; undefined where there is none. */
export function wasmKernelOf(kernel: Kernel, d: Dims): WasmKernel | undefined {
  const found = byName.get(kernel.name) ?? pointwiseKernelOf(kernel)
  return found?.fits?.(d) === false ? undefined : found
}
