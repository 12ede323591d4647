// What runs along a sequence: attention, put together from matrices, as ONNX has no node for it.
import type { Emitter, OnnxRule } from '../emitter.ts'

/** Added to what may not be attended to: its share is zero in f32. */
const MASKED = -1e30

/** [T, T]: 0 on and below the diagonal. */
const causalMask = (e: Emitter, T: number): string => e.node('Trilu', [e.expand(e.real(MASKED), [T, T]), e.integer(1)], { upper: 1 })

export const sequenceRules: readonly OnnxRule[] = [
  { name: 'softmax', emit: ({ inputs: [x] }, e) => e.node('Softmax', [e.name(x!)], { axis: -1 }) },
  {
    name: 'attention',
    emit({ inputs: [qkv], outputs: [y], attrs }, e) {
      const { heads, causal } = attrs as { readonly heads: number; readonly causal: number }
      const [B, T, D] = y!.shape as readonly [number, number, number]
      const parts = e.nodeOf('Split', [e.name(qkv!), e.integers([D, D, D])], { axis: 2 }, 3).map((part) => e.reshape(part, [B, T, heads, D / heads]))
      const [q, k, v] = parts.map((part, i) => e.transpose(part, i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3])) as [string, string, string]
      const scores = e.node('Mul', [e.node('MatMul', [q, k]), e.real(1 / Math.sqrt(D / heads))])
      const shares = e.node('Softmax', [causal === 1 ? e.node('Add', [scores, causalMask(e, T)]) : scores], { axis: -1 })
      return e.reshape(e.transpose(e.node('MatMul', [shares, v]), [0, 2, 1, 3]), y!.shape)
    },
  },
]
