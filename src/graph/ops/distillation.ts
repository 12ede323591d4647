// Cross-entropy of a student's softened logits against a teacher's: each example's mean over its positions, times its weight.
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import { distillation as forwardKernel, distillationGradient as gradientKernel } from '../../kernels/distillation.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, sameShape, type Op, type Tensor, type TensorType } from '../tensor.ts'

type DistillationAttrs = { readonly temperature: number }

export interface DistillationInputs {
  /** [N, ..., CLASSES] */
  readonly logits: Tensor
  readonly teacher: Tensor
  /** [N]: 0 marks padding. */
  readonly weights: Tensor
  readonly temperature: number
}

/** loss[N], and correct[N], the fraction of positions where both have the same largest logit. */
export function distillation({ logits, teacher, weights, temperature }: DistillationInputs): { readonly loss: Tensor; readonly correct: Tensor } {
  const [loss, correct] = apply(distillationOp, [logits, teacher, weights], { temperature })
  return { loss: loss!, correct: correct! }
}

const dimsOf = ({ shape }: TensorType, { temperature }: DistillationAttrs): Dims =>
  ({ N: shape[0]!, T: product(shape.slice(1, -1)), CLASSES: shape.at(-1)!, TEMPERATURE: floatBits(temperature) })

export const distillationOp: Op<DistillationAttrs> = {
  name: 'distillation',
  implicitOnes: true,
  infer([logits, teacher, weights], _attrs, label) {
    if (logits!.shape.length < 2 || !sameShape(logits!.shape, teacher!.shape) || !sameShape(weights!.shape, logits!.shape.slice(0, 1))) {
      throw new ConfigError(`${label}: must compare logits of one shape [N, ..., CLASSES] with weights [N], got ${[logits, teacher, weights].map((t) => formatShape(t!.shape)).join(', ')}. Give student and teacher the same classes.`)
    }
    const example = { shape: weights!.shape, element: 'f32' } as const
    return [example, example]
  },
  // The teacher and the weights are constants, and `correct` has no slope.
  gradient: ({ inputs, attrs }, [dloss]) => [apply(distillationGradientOp, dloss === undefined ? inputs : [...inputs, dloss], attrs)[0]!],
  lower: ({ inputs: [logits, teacher, weights], outputs: [loss, correct], attrs, label }) => ({
    kernel: forwardKernel,
    dims: dimsOf(logits!, attrs),
    buffers: { logits: logits!, teacher: teacher!, weights: weights!, loss: loss!, correct: correct! },
    label,
  }),
  probes: [[4, 5], [2, 3, 4]].map((shape, i) => ({
    inputs: [{ shape }, { shape, constant: true }, { shape: [shape[0]!], constant: true }],
    build: ([logits, teacher, weights]) => distillation({ logits: logits!, teacher: teacher!, weights: weights!, temperature: 0.5 + 2 * i }).loss,
  })),
}

/** Inputs: logits, teacher, weights and, where the loss is not summed as it is, the gradient of each loss. No gradient rule of its own. */
export const distillationGradientOp: Op<DistillationAttrs> = {
  name: 'distillation-gradient',
  infer: ([logits]) => [{ shape: logits!.shape, element: 'f32' }],
  lower: ({ inputs: [logits, teacher, weights, upstream], outputs: [dlogits], attrs, label }) => ({
    kernel: gradientKernel,
    dims: { ...dimsOf(logits!, attrs), UPSTREAM: upstream === undefined ? 0 : 1 },
    buffers: { logits: logits!, teacher: teacher!, weights: weights!, ...(upstream === undefined ? {} : { upstream }), dlogits: dlogits! },
    label,
  }),
  probes: [],
}
