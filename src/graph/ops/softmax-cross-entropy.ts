// Softmax cross-entropy of each example (the mean over its positions), times its weight, and how often the largest logit is the label's.
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { softmaxCrossEntropy as forwardKernel, softmaxCrossEntropyGradient as gradientKernel } from '../../kernels/softmax-cross-entropy.ts'
import { constant } from './constant.ts'
import { apply, formatShape, sameShape, type Op, type Tensor, type TensorType } from '../tensor.ts'

export interface CrossEntropyOptions {
  /** Share of the wanted probability that is spread over all classes, 0 to 1. */
  readonly smoothing?: number
  /** [CLASSES]: times the loss of each position with that label. */
  readonly classWeights?: Tensor
}

type CrossEntropyAttrs = { readonly smoothing: number }
type GradientAttrs = CrossEntropyAttrs & { readonly weighted: number }

/** loss[N] and correct[N] of logits[N,...,CLASSES], labels[N,...] (u32) and weights[N]; a weight of 0 marks padding. */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, weights: Tensor, { smoothing = 0, classWeights }: CrossEntropyOptions = {}): { readonly loss: Tensor; readonly correct: Tensor } {
  const [loss, correct] = apply(softmaxCrossEntropyOp, [logits, labels, weights, ...(classWeights === undefined ? [] : [classWeights])], { smoothing })
  return { loss: loss!, correct: correct! }
}

const dimsOf = (logits: TensorType, { smoothing }: CrossEntropyAttrs, weighted: boolean): Dims => {
  const N = logits.shape[0]!, CLASSES = logits.shape.at(-1)!
  return { N, T: product(logits.shape) / (N * CLASSES), CLASSES, SMOOTHING: floatBits(smoothing), WEIGHTED: Number(weighted) }
}

export const softmaxCrossEntropyOp: Op<CrossEntropyAttrs> = {
  name: 'softmax-cross-entropy',
  implicitOnes: true,
  infer([logits, labels, weights, classes], _attrs, label) {
    const [N] = logits!.shape
    if (logits!.shape.length < 2 || !sameShape(labels!.shape, logits!.shape.slice(0, -1)) || !sameShape(weights!.shape, [N!])) {
      throw new ConfigError(
        `${label}: must have logits [N, ..., CLASSES] with labels [N, ...] and weights [N], got ${[logits, labels, weights].map((t) => formatShape(t!.shape)).join(', ')}. End the model in one dimension of classes.`,
      )
    }
    if (classes !== undefined && !sameShape(classes.shape, logits!.shape.slice(-1))) {
      throw new ConfigError(`${label}: must have a weight for each class, got ${formatShape(classes.shape)} for logits ${formatShape(logits!.shape)}. Give ${logits!.shape.at(-1)}.`)
    }
    return [{ shape: [N!], element: 'f32' }, { shape: [N!], element: 'f32' }]
  },
  // Labels and weights are constants, and `correct` has no slope.
  gradient({ inputs, attrs }, [dloss]) {
    const weighted = Number(inputs.length > 3)
    return [apply(softmaxCrossEntropyGradientOp, dloss === undefined ? inputs : [...inputs, dloss], { ...attrs, weighted })[0]!]
  },
  lower: ({ inputs: [logits, labels, weights, classes], outputs: [loss, correct], attrs, label }) => ({
    kernel: forwardKernel,
    dims: dimsOf(logits!, attrs, classes !== undefined),
    buffers: { logits: logits!, labels: labels!, weights: weights!, ...(classes === undefined ? {} : { classes }), loss: loss!, correct: correct! },
    label,
  }),
  probes: [
    {
      inputs: [{ shape: [6, 5] }, { shape: [6], below: 5, constant: true }, { shape: [6], constant: true }],
      build: ([logits, labels, weights]) => softmaxCrossEntropy(logits!, labels!, weights!).loss,
    },
    {
      inputs: [{ shape: [3, 4, 5] }, { shape: [3, 4], below: 5, constant: true }, { shape: [3], constant: true }],
      build: ([logits, labels, weights]) => softmaxCrossEntropy(logits!, labels!, weights!, { smoothing: 0.2, classWeights: constant([0.5, 1, 2, 0.25, 3]) }).loss,
    },
  ],
}

/** Inputs: logits, labels, weights, class weights where `weighted` and, where the loss is not summed as it is, the gradient of each loss. No gradient rule of its own. */
export const softmaxCrossEntropyGradientOp: Op<GradientAttrs> = {
  name: 'softmax-cross-entropy-gradient',
  infer: ([logits]) => [{ shape: logits!.shape, element: 'f32' }],
  lower({ inputs: [logits, labels, weights, ...more], outputs: [dlogits], attrs, label }) {
    const classes = attrs.weighted === 1 ? more[0] : undefined
    const upstream = more[attrs.weighted]
    return {
      kernel: gradientKernel,
      dims: { ...dimsOf(logits!, attrs, classes !== undefined), UPSTREAM: upstream === undefined ? 0 : 1 },
      buffers: { logits: logits!, labels: labels!, weights: weights!, ...(classes === undefined ? {} : { classes }), ...(upstream === undefined ? {} : { upstream }), dlogits: dlogits! },
      label,
    }
  },
  probes: [],
}
