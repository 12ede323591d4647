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

/** The mean over all elements of an example. */
const elementwise = (each: (y: tf.Tensor, t: tf.Tensor, options: Options) => tf.Tensor) => ({ output, target, options }: PeerLoss): tf.Tensor =>
  meanOfExample(each(output, tf.reshape(target, output.shape), options))

export const lossPeers: Readonly<Record<string, (loss: PeerLoss) => tf.Tensor>> = {
  'softmax-cross-entropy': ({ output, target, options }) => {
    const classes = output.shape.at(-1)!, smoothing = (options['labelSmoothing'] as number | undefined) ?? 0
    const hot = tf.oneHot(tf.cast(target, 'int32'), classes)
    const wanted = tf.add(tf.mul(hot, 1 - smoothing), smoothing / classes)
    const each = tf.neg(tf.sum(tf.mul(tf.logSoftmax(output), wanted), -1))
    const classWeights = options['classWeights'] as number[] | undefined
    return meanOfExample(classWeights === undefined ? each : tf.mul(each, tf.sum(tf.mul(hot, tf.tensor1d(classWeights)), -1)))
  },
  'mean-squared-error': elementwise((y, t) => tf.square(tf.sub(y, t))),
  'mean-absolute-error': elementwise((y, t) => tf.abs(tf.sub(y, t))),
  'huber': elementwise((y, t, options) => {
    const delta = (options['delta'] as number | undefined) ?? 1, distance = tf.abs(tf.sub(y, t))
    const inside = tf.minimum(distance, delta)
    return tf.add(tf.mul(0.5, tf.square(inside)), tf.mul(delta, tf.sub(distance, inside)))
  }),
  'binary-cross-entropy': elementwise((y, t) => tf.sub(tf.softplus(y), tf.mul(y, t))),
  'distillation': ({ output, target, options }) => {
    const temperature = (options['temperature'] as number | undefined) ?? 2
    const teacher = tf.softmax(tf.div(tf.reshape(target, output.shape), temperature))
    return meanOfExample(tf.mul(tf.neg(tf.sum(tf.mul(teacher, tf.logSoftmax(tf.div(output, temperature))), -1)), temperature ** 2))
  },
}
