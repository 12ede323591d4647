// Every op that models are made of. Tests iterate this list: a new entry's gradient is compared with finite differences on its
// probes. The op of the loss scale (loss-scale.ts), which nothing is differentiated through, is not in it.
import { createRegistry } from '../../base/registry.ts'
import type { Op } from '../tensor.ts'
import { averagePoolGradientOp, averagePoolOp } from './average-pool.ts'
import { attentionDeltaOp, attentionGradientOp, attentionOp } from './attention.ts'
import { batchNormInputGradientOp, batchNormOp, channelMomentsOp, channelStatisticsOp } from './batch-norm.ts'
import { constantOp } from './constant.ts'
import { conv2dFilterGradientOp, conv2dInputGradientOp, conv2dOp } from './conv2d.ts'
import { distillationGradientOp, distillationOp } from './distillation.ts'
import { dropoutOp } from './dropout.ts'
import { gruCellGradientOp, gruCellOp } from './gru.ts'
import { lstmCellGradientOp, lstmCellOp } from './lstm.ts'
import { elementwiseLossGradientOp, elementwiseLossOp } from './elementwise-loss.ts'
import { embeddingGradientOp, embeddingOp, groupIdsOp } from './embedding.ts'
import { globalMaxGradientOp, globalMaxOp } from './global-pool.ts'
import { groupedConv2dFilterGradientOp, groupedConv2dInputGradientOp, groupedConv2dOp } from './grouped-conv2d.ts'
import { matmulOp } from './matmul.ts'
import { maxPoolGradientOp, maxPoolOp } from './max-pool.ts'
import { normInputGradientOp, normOp, normParamGradientOp } from './norm.ts'
import { concatOp, splitOp } from './concat.ts'
import { pointwiseOp } from './pointwise.ts'
import { padOp, sliceOp } from './slice.ts'
import { transposeOp } from './transpose.ts'
import { broadcastOp, reduceOp } from './reduce.ts'
import { reshapeOp } from './reshape.ts'
import { softmaxGradientOp, softmaxOp } from './softmax.ts'
import { softmaxCrossEntropyGradientOp, softmaxCrossEntropyOp } from './softmax-cross-entropy.ts'

export const ops = createRegistry<Op>('op', [
  matmulOp, conv2dOp, conv2dInputGradientOp, conv2dFilterGradientOp,
  maxPoolOp, maxPoolGradientOp, softmaxCrossEntropyOp, softmaxCrossEntropyGradientOp, reshapeOp, reduceOp, broadcastOp,
  embeddingOp, embeddingGradientOp, groupIdsOp, constantOp, elementwiseLossOp, elementwiseLossGradientOp, distillationOp, distillationGradientOp,
  attentionOp, attentionDeltaOp, attentionGradientOp, dropoutOp, lstmCellOp, lstmCellGradientOp, gruCellOp, gruCellGradientOp, splitOp, softmaxOp, softmaxGradientOp,
  pointwiseOp,
  normOp, normInputGradientOp, normParamGradientOp,
  concatOp, sliceOp, padOp, transposeOp,
  groupedConv2dOp, groupedConv2dInputGradientOp, groupedConv2dFilterGradientOp,
  averagePoolOp, averagePoolGradientOp, globalMaxOp, globalMaxGradientOp,
  batchNormOp, batchNormInputGradientOp, channelMomentsOp, channelStatisticsOp,
])
