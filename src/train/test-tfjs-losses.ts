// Every loss as TensorFlow.js would compute it: [B], each example's loss, the mean over its positions where it has several.
import * as tf from '@tensorflow/tfjs'
import type { Options } from './test-tfjs-layers.ts'

export interface PeerLoss {
  readonly output: tf.Tensor
  readonly target: tf.Tensor
  readonly options: Options
}

/** Over all but the batch dimension. */
const meanOfExample = (x: tf.Tensor): tf.Tensor => (x.rank === 1 ? x : tf.mean(x, x.shape.slice(1).map((_, i) => i + 1)))

export const lossPeers: Readonly<Record<string, (loss: PeerLoss) => tf.Tensor>> = {
  'softmax-cross-entropy': ({ output, target, options }) => {
    const classes = output.shape.at(-1)!, smoothing = (options['labelSmoothing'] as number | undefined) ?? 0
    const hot = tf.oneHot(tf.cast(target, 'int32'), classes)
    const wanted = tf.add(tf.mul(hot, 1 - smoothing), smoothing / classes)
    const each = tf.neg(tf.sum(tf.mul(tf.logSoftmax(output), wanted), -1))
    const classWeights = options['classWeights'] as number[] | undefined
    return meanOfExample(classWeights === undefined ? each : tf.mul(each, tf.sum(tf.mul(hot, tf.tensor1d(classWeights)), -1)))
  },
}
