// Every kernel of the engine. Tests iterate this list: a new entry is checked against its reference on every adapter.
import { createRegistry } from '../base/registry.ts'
import { accumulate } from './accumulate.ts'
import { averagePool, averagePoolGradient } from './average-pool.ts'
import { attention, attentionDelta, attentionGradient } from './attention.ts'
import { batchNormalise, batchNormInputGradient, channelMoments, channelStatistics, movingAverage } from './batch-norm.ts'
import { constant } from './constant.ts'
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from './conv2d.ts'
import { distillation, distillationGradient } from './distillation.ts'
import { dropout } from './dropout.ts'
import { elementwiseLoss, elementwiseLossGradient } from './elementwise-loss.ts'
import { gatherRows, groupIds, sumGroups } from './embedding.ts'
import { gruCell, gruCellGradient } from './gru-cell.ts'
import { lstmCell, lstmCellGradient } from './lstm-cell.ts'
import { split } from './shape/split.ts'
import { globalMax, globalMaxGradient } from './global-max.ts'
import { groupedConv2d, groupedConv2dFilterGradient, groupedConv2dInputGradient } from './grouped-conv2d.ts'
import { adjustLossScale, lossScale, unscale } from './loss-scale.ts'
import { matmul } from './matmul.ts'
import { maxPool, maxPoolGradient, maxPoolGradientInPlace } from './max-pool.ts'
import { norm, normInputGradient, normParamGradient } from './norm.ts'
import { optimizerKernels } from './optimizers.ts'
import { concat } from './shape/concat.ts'
import { transpose } from './shape/transpose.ts'
import { window } from './shape/window.ts'
import { pointwiseSamples } from './pointwise/samples.ts'
import { proximal } from './proximal.ts'
import { accumulateMetrics, broadcast, reduce } from './reduce.ts'
import { softmax, softmaxGradient } from './softmax.ts'
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts'

export const kernels = createRegistry('kernel', [
  matmul, conv2d, conv2dInputGradient, conv2dFilterGradient, maxPool, maxPoolGradient, maxPoolGradientInPlace,
  softmaxCrossEntropy, softmaxCrossEntropyGradient, accumulate, proximal,
  gatherRows, groupIds, sumGroups, constant, elementwiseLoss, elementwiseLossGradient, distillation, distillationGradient,
  attention, attentionDelta, attentionGradient, dropout, lstmCell, lstmCellGradient, gruCell, gruCellGradient, split, softmax, softmaxGradient,
  norm, normInputGradient, normParamGradient,
  groupedConv2d, groupedConv2dInputGradient, groupedConv2dFilterGradient,
  averagePool, averagePoolGradient, globalMax, globalMaxGradient,
  channelMoments, channelStatistics, batchNormalise, batchNormInputGradient, movingAverage,
  reduce, broadcast, accumulateMetrics,
  lossScale, unscale, adjustLossScale,
  ...optimizerKernels,
  ...pointwiseSamples,
  concat, window, transpose,
])
