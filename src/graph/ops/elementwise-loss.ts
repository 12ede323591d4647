// Losses that compare element by element: each example's mean, times its weight.
import { ConfigError } from '../../base/errors.ts'
import { floatBits, product } from '../../base/math.ts'
import { createRegistry } from '../../base/registry.ts'
import { elementwiseLoss as forwardKernel, elementwiseLosses, elementwiseLossGradient as gradientKernel } from '../../kernels/elementwise-loss.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, sameShape, type Op, type Tensor, type TensorType } from '../tensor.ts'

type LossAttrs = { readonly code: number; readonly delta: number }

const registry = createRegistry('elementwise loss', elementwiseLosses)
const BINARY = registry.get('binary-cross-entropy').code

export interface ElementwiseLossInputs {
  /** Key in kernels/elementwise-loss.ts. */
  readonly kind: string
  /** Where Huber's loss turns from squares to lines. */
  readonly delta?: number
  /** [N, ...] */
  readonly output: Tensor
  readonly target: Tensor
  /** [N]: 0 marks padding. */
  readonly weights: Tensor
}

/** loss[N] and, of binary cross-entropy, correct[N], the fraction of logits on the right side. */
export function elementwiseLoss({ kind, delta = 1, output, target, weights }: ElementwiseLossInputs): { readonly loss: Tensor; readonly correct?: Tensor } {
  const [loss, correct] = apply(elementwiseLossOp, [output, target, weights], { code: registry.get(kind).code, delta })
  return { loss: loss!, ...(correct === undefined ? {} : { correct }) }
}

const dimsOf = (y: TensorType, { code, delta }: LossAttrs): Dims =>
  ({ N: y.shape[0]!, SIZE: product(y.shape.slice(1)), KIND: code, DELTA: floatBits(delta) })

export const elementwiseLossOp: Op<LossAttrs> = {
  name: 'elementwise-loss',
  implicitOnes: true,
  infer([y, target, weights], { code }, label) {
    if (!sameShape(y!.shape, target!.shape) || !sameShape(weights!.shape, y!.shape.slice(0, 1))) {
      throw new ConfigError(`${label}: must compare two tensors of one shape [N, ...] with weights [N], got ${[y, target, weights].map((t) => formatShape(t!.shape)).join(', ')}. Reshape the output.`)
    }
    const example = { shape: weights!.shape, element: 'f32' } as const
    return code === BINARY ? [example, example] : [example]
  },
  // Target and weights are constants.
  gradient: ({ inputs, attrs }, [dloss]) => [apply(elementwiseLossGradientOp, dloss === undefined ? inputs : [...inputs, dloss], attrs)[0]!],
  lower: ({ inputs: [y, target, weights], outputs: [loss, correct], attrs, label }) => ({
    kernel: forwardKernel,
    dims: dimsOf(y!, attrs),
    buffers: { y: y!, goal: target!, weights: weights!, loss: loss!, ...(correct === undefined ? {} : { correct }) },
    label,
  }),
  probes: elementwiseLosses.map(({ name }) => ({
    inputs: [{ shape: [4, 3, 2] }, { shape: [4, 3, 2], constant: true }, { shape: [4], constant: true }],
    build: ([output, target, weights]) => elementwiseLoss({ kind: name, delta: 0.6, output: output!, target: target!, weights: weights! }).loss,
  })),
}

/** Inputs: output, target, weights and, where the loss is not summed as it is, the gradient of each loss. No gradient rule of its own. */
export const elementwiseLossGradientOp: Op<LossAttrs> = {
  name: 'elementwise-loss-gradient',
  infer: ([y]) => [{ shape: y!.shape, element: 'f32' }],
  lower: ({ inputs: [y, target, weights, upstream], outputs: [dy], attrs, label }) => ({
    kernel: gradientKernel,
    dims: { ...dimsOf(y!, attrs), UPSTREAM: upstream === undefined ? 0 : 1 },
    buffers: { y: y!, goal: target!, weights: weights!, ...(upstream === undefined ? {} : { upstream }), dy: dy! },
    label,
  }),
  probes: [],
}
