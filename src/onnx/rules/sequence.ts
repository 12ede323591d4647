// What runs along a sequence. Attention is put together from matrices, as ONNX has no node for it; recurrent cells gate by
// gate, as theirs differ from ours in their biases and in the order of gates.
import type { Emitter, OnnxRule } from '../emitter.ts'

/** Added to what may not be attended to: its share is zero in f32. */
const MASKED = -1e30

/** [T, T]: 0 on and below the diagonal. */
const causalMask = (e: Emitter, T: number): string => e.node('Trilu', [e.expand(e.real(MASKED), [T, T]), e.integer(1)], { upper: 1 })

/** What each gate of a recurrent cell reads. */
const gatesOf = (e: Emitter, x: string, count: number, units: number): readonly string[] =>
  e.nodeOf('Split', [x, e.integers(Array.from({ length: count }, () => units))], { axis: 1 }, count)

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
  {
    name: 'split',
    emit({ inputs: [x], attrs }, e) {
      const sizes = attrs['sizes'] as readonly number[]
      return e.nodeOf('Split', [e.name(x!), e.integers(sizes)], { axis: Number(attrs['axis']) }, sizes.length)
    },
  },
  {
    name: 'lstm-cell',
    emit({ inputs: [x, h, c], outputs: [y] }, e) {
      const [input, forget, candidate, out] = gatesOf(e, h === undefined ? e.name(x!) : e.node('Add', [e.name(x!), e.name(h)]), 4, y!.shape[1]!)
      const added = e.node('Mul', [e.node('Sigmoid', [input!]), e.node('Tanh', [candidate!])])
      // Its bias of 1 keeps the cell in the beginning.
      const cell = c === undefined ? added : e.node('Add', [added, e.node('Mul', [e.name(c), e.node('Sigmoid', [e.node('Add', [forget!, e.real(1)])])])])
      return [e.node('Mul', [e.node('Sigmoid', [out!]), e.node('Tanh', [cell])]), cell]
    },
  },
  {
    name: 'gru-cell',
    emit({ inputs: [x, h, before], outputs: [y] }, e) {
      const own = gatesOf(e, e.name(x!), 3, y!.shape[1]!)
      const recurrent = h === undefined ? undefined : gatesOf(e, e.name(h), 3, y!.shape[1]!)
      const gate = (k: number): string => e.node('Sigmoid', [recurrent === undefined ? own[k]! : e.node('Add', [own[k]!, recurrent[k]!])])
      const reset = recurrent === undefined ? own[2]! : e.node('Add', [own[2]!, e.node('Mul', [gate(0), recurrent[2]!])])
      const update = gate(1)
      const fresh = e.node('Mul', [e.node('Sub', [e.real(1), update]), e.node('Tanh', [reset])])
      return before === undefined ? fresh : e.node('Add', [fresh, e.node('Mul', [update, e.name(before)])])
    },
  },
]
