// Multi-head self-attention over a sequence whose queries, keys and values lie side by side, as one projection makes them.
import { ConfigError } from '../../base/errors.ts'
import { attention as forwardKernel, attentionDelta as deltaKernel, attentionGradient as gradientKernel } from '../../kernels/attention.ts'
import type { Dims } from '../../kernels/kernel.ts'
import { apply, formatShape, type Op, type Tensor, type TensorType } from '../tensor.ts'

type AttentionAttrs = { readonly heads: number; readonly causal: number }

/** y[B,T,D] of qkv[B,T,3*D]: each of `heads` parts of D attends for itself; where causal, to itself and earlier positions only. */
export function attention(qkv: Tensor, { heads, causal }: { readonly heads: number; readonly causal: boolean }): Tensor {
  return apply(attentionOp, [qkv], { heads, causal: Number(causal) })[0]!
}

/** Of qkv[B,T,3*D]. */
function dimsOf({ shape }: TensorType, { heads, causal }: AttentionAttrs): Dims {
  const [B, T, width] = shape as readonly [number, number, number]
  return { B, T, H: heads, D: width / 3 / heads, CAUSAL: causal }
}

const rowsOf = ({ B, T, H }: Dims): TensorType => ({ shape: [B!, H!, T!], element: 'f32' })

export const attentionOp: Op<AttentionAttrs> = {
  name: 'attention',
  infer([qkv], attrs, label) {
    const { shape } = qkv!
    if (shape.length !== 3 || !Number.isInteger(shape[2]! / 3 / attrs.heads)) {
      throw new ConfigError(`${label}: must read queries, keys and values [B, T, 3 * D] whose D divides by the heads, got ${formatShape(shape)} and ${attrs.heads} heads. Choose another number of heads.`)
    }
    return [{ shape: [shape[0]!, shape[1]!, shape[2]! / 3], element: 'f32' }, rowsOf(dimsOf(qkv!, attrs))]
  },
  gradient({ inputs: [qkv], outputs: [y, lse], attrs }, [dy]) {
    if (dy === undefined) return []
    const [delta] = apply(attentionDeltaOp, [y!, dy], attrs)
    return [apply(attentionGradientOp, [qkv!, dy, lse!, delta!], attrs)[0]!]
  },
  lower: ({ inputs: [qkv], outputs: [y, lse], attrs, label }) => ({
    kernel: forwardKernel,
    dims: dimsOf(qkv!, attrs),
    buffers: { qkv: qkv!, y: y!, lse: lse! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [2, 5, 12] }], build: ([qkv]) => attention(qkv!, { heads: 2, causal: true }) },
    { inputs: [{ shape: [1, 4, 18] }], build: ([qkv]) => attention(qkv!, { heads: 1, causal: false }) },
  ],
}

/** Inputs: y and its gradient. */
export const attentionDeltaOp: Op<AttentionAttrs> = {
  name: 'attention-delta',
  infer: ([y], attrs) => [rowsOf(dimsOf(tripled(y!), attrs))],
  lower: ({ inputs: [y, dy], outputs: [delta], attrs, label }) => ({
    kernel: deltaKernel,
    dims: dimsOf(tripled(y!), attrs),
    buffers: { y: y!, dy: dy!, delta: delta! },
    label,
  }),
  probes: [],
}

/** Inputs: qkv, the gradient of y, and lse and delta of each row. No gradient rule of its own. */
export const attentionGradientOp: Op<AttentionAttrs> = {
  name: 'attention-gradient',
  infer: ([qkv]) => [{ shape: qkv!.shape, element: 'f32' }],
  lower: ({ inputs: [qkv, dy, lse, delta], outputs: [dqkv], attrs, label }) => ({
    kernel: gradientKernel,
    dims: dimsOf(qkv!, attrs),
    buffers: { qkv: qkv!, dy: dy!, lse: lse!, delta: delta!, dqkv: dqkv! },
    label,
  }),
  probes: [],
}

/** The type of qkv, given that of y. */
const tripled = ({ shape }: TensorType): TensorType => ({ shape: [shape[0]!, shape[1]!, 3 * shape[2]!], element: 'f32' })
