// Every layer that a ModelSpec can name.
import { createRegistry } from '../../base/registry.ts'
import { activation } from './activation.ts'
import { add } from './add.ts'
import { averagePool } from './average-pool.ts'
import { attention } from './attention.ts'
import { batchNorm } from './batch-norm.ts'
import { concat } from './concat.ts'
import { conv1d } from './conv1d.ts'
import { conv2d } from './conv2d.ts'
import { conv2dTranspose } from './conv2d-transpose.ts'
import { dense } from './dense.ts'
import { dot } from './dot.ts'
import { dropout } from './dropout.ts'
import { embedding } from './embedding.ts'
import { flatten } from './flatten.ts'
import { globalAveragePool } from './global-average-pool.ts'
import { globalMaxPool } from './global-max-pool.ts'
import { groupNorm } from './group-norm.ts'
import { gru } from './gru.ts'
import { lstm } from './lstm.ts'
import { layerNorm } from './layer-norm.ts'
import { maxPool } from './max-pool.ts'
import { multiply } from './multiply.ts'
import { positionalEmbedding } from './positional-embedding.ts'
import { reshape } from './reshape.ts'
import { rmsNorm } from './rms-norm.ts'
import { slice } from './slice.ts'
import { softmax } from './softmax.ts'
import { transpose } from './transpose.ts'

export const layers = createRegistry('layer', [
  dense, flatten, activation,
  add, multiply, dot, concat, slice, reshape, transpose,
  conv2d, conv1d, conv2dTranspose, maxPool, averagePool, globalMaxPool, globalAveragePool,
  layerNorm, rmsNorm, groupNorm, batchNorm,
  embedding, positionalEmbedding, dropout, softmax, attention, lstm, gru,
])
