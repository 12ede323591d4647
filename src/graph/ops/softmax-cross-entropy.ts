// Softmax cross-entropy of each example, times its weight, and whether the largest logit is the label's.
import { ConfigError } from '../../base/errors.ts'
import { softmaxCrossEntropy as forwardKernel, softmaxCrossEntropyGradient as gradientKernel } from '../../kernels/softmax-cross-entropy.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'

/** loss[N] and correct[N] of logits[N,CLASSES], labels[N] (u32) and weights[N]; a weight of 0 marks padding. */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, weights: Tensor): { readonly loss: Tensor; readonly correct: Tensor } {
  const [loss, correct] = apply(softmaxCrossEntropyOp, [logits, labels, weights], {})
  return { loss: loss!, correct: correct! }
}

export const softmaxCrossEntropyOp: Op<Record<string, never>> = {
  name: 'softmax-cross-entropy',
  implicitOnes: true,
  infer([logits, labels, weights], _attrs, label) {
    const [N] = logits!.shape
    if (logits!.shape.length !== 2 || [labels, weights].some((vector) => vector!.shape.length !== 1 || vector!.shape[0] !== N)) {
      throw new ConfigError(
        `${label}: must have logits [N, CLASSES] with labels and weights [N], got ${[logits, labels, weights].map((t) => formatShape(t!.shape)).join(', ')}. End the model in one dimension of classes.`,
      )
    }
    return [{ shape: [N!], element: 'f32' }, { shape: [N!], element: 'f32' }]
  },
  // Labels and weights are constants, and `correct` has no slope.
  gradient: ({ inputs }, [dloss]) => [apply(softmaxCrossEntropyGradientOp, dloss === undefined ? inputs : [...inputs, dloss], {})[0]!, undefined, undefined],
  lower: ({ inputs: [logits, labels, weights], outputs: [loss, correct], label }) => ({
    kernel: forwardKernel,
    dims: { N: logits!.shape[0]!, CLASSES: logits!.shape[1]! },
    buffers: { logits: logits!, labels: labels!, weights: weights!, loss: loss!, correct: correct! },
    label,
  }),
  probes: [
    {
      inputs: [{ shape: [6, 5] }, { shape: [6], below: 5, constant: true }, { shape: [6], constant: true }],
      build: ([logits, labels, weights]) => softmaxCrossEntropy(logits!, labels!, weights!).loss,
    },
  ],
}

/** Inputs: logits, labels, weights and, where the loss is not summed as it is, the gradient of each loss. No gradient rule of its own. */
export const softmaxCrossEntropyGradientOp: Op<Record<string, never>> = {
  name: 'softmax-cross-entropy-gradient',
  infer: ([logits]) => [{ shape: logits!.shape, element: 'f32' }],
  lower: ({ inputs: [logits, labels, weights, upstream], outputs: [dlogits], label }) => ({
    kernel: gradientKernel,
    dims: { N: logits!.shape[0]!, CLASSES: logits!.shape[1]!, UPSTREAM: upstream === undefined ? 0 : 1 },
    buffers: { logits: logits!, labels: labels!, weights: weights!, ...(upstream === undefined ? {} : { upstream }), dlogits: dlogits! },
    label,
  }),
  probes: [],
}
