// Where elements lie, and sums along an axis.
import type { OnnxRule } from '../emitter.ts'

export const shapeRules: readonly OnnxRule[] = [
  { name: 'reshape', emit: ({ inputs: [x], outputs: [y] }, e) => e.reshape(e.name(x!), y!.shape) },
  { name: 'transpose', emit: ({ inputs: [x], attrs }, e) => e.transpose(e.name(x!), attrs['axes'] as readonly number[]) },
  { name: 'concat', emit: ({ inputs, attrs }, e) => e.node('Concat', inputs.map((input) => e.name(input)), { axis: Number(attrs['axis']) }) },
  {
    name: 'slice',
    emit: ({ inputs: [x], attrs }, e) => e.node('Slice', [e.name(x!), e.integers([Number(attrs['start'])]), e.integers([Number(attrs['end'])]), e.integers([Number(attrs['axis'])])]),
  },
  {
    name: 'pad',
    emit({ inputs: [x], attrs }, e) {
      const { axis, before, after, value } = attrs as { readonly axis: number; readonly before: number; readonly after: number; readonly value: number }
      const sides = [before, after].flatMap((count) => x!.shape.map((_, k) => (k === axis ? count : 0)))
      return e.node('Pad', [e.name(x!), e.integers(sides), e.real(value)], { mode: 'constant' })
    },
  },
  {
    name: 'reduce',
    emit({ inputs: [x], attrs }, e) {
      const axis = Number(attrs['axis'])
      return attrs['mean'] === 1
        ? e.node('ReduceMean', [e.name(x!)], { axes: [axis], keepdims: 0 })
        : e.node('ReduceSum', [e.name(x!), e.integers([axis])], { keepdims: 0 })
    },
  },
  {
    name: 'broadcast',
    emit({ inputs: [x], outputs: [y], attrs }, e) {
      const repeated = e.expand(e.node('Unsqueeze', [e.name(x!), e.integers([Number(attrs['axis'])])]), y!.shape)
      return attrs['mean'] === 1 ? e.node('Div', [repeated, e.real(Number(attrs['size']))]) : repeated
    },
  },
]
