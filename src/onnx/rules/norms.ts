// Normalisation, put together from means and differences: ONNX's own layer norm knows neither groups nor RMS.
import type { Emitter, OnnxRule } from '../emitter.ts'

interface Statistics {
  /** Axes that a mean is taken over. */
  readonly axes: readonly number[]
  readonly rms: boolean
  readonly epsilon: number
}

function normalised(e: Emitter, x: string, { axes, rms, epsilon }: Statistics): string {
  const meanOf = (value: string): string => e.node('ReduceMean', [value], { axes, keepdims: 1 })
  const centred = rms ? x : e.node('Sub', [x, meanOf(x)])
  const spread = e.node('Sqrt', [e.node('Add', [meanOf(e.node('Mul', [centred, centred])), e.real(epsilon)])])
  return e.node('Div', [centred, spread])
}

/** Times scale, plus shift, where they are there; both go along the last dimension. */
function affine(e: Emitter, x: string, scale: string | undefined, shift: string | undefined): string {
  const scaled = scale === undefined ? x : e.node('Mul', [x, scale])
  return shift === undefined ? scaled : e.node('Add', [scaled, shift])
}

export const normRules: readonly OnnxRule[] = [
  {
    name: 'norm',
    emit({ inputs, attrs }, e) {
      const { groups, rms, rows, epsilon } = attrs as { readonly groups: number; readonly rms: number; readonly rows: number; readonly epsilon: number }
      const [x, scale, shift] = inputs.map((input) => e.name(input))
      const { shape } = inputs[0]!
      const channels = shape.at(-1)!
      // [N, positions, groups, channels of a group]; where rows are alone, every position is an example.
      const N = rows === 1 ? shape.slice(0, -1).reduce((a, b) => a * b, 1) : shape[0]!
      const P = rows === 1 ? 1 : shape.slice(1, -1).reduce((a, b) => a * b, 1)
      const grouped = e.reshape(x!, [N, P, groups, channels / groups])
      const y = normalised(e, grouped, { axes: [1, 3], rms: rms === 1, epsilon })
      return affine(e, e.reshape(y, shape), scale, shift)
    },
  },
  {
    name: 'batch-norm',
    emit({ inputs, attrs }, e) {
      const [x, mean, deviation, scale, shift] = inputs.map((input) => e.name(input))
      const centred = e.node('Sub', [x!, mean!])
      // By fixed statistics the third input is a variance, by the batch's own 1 / deviation.
      const y = attrs['fixed'] === 1
        ? e.node('Div', [centred, e.node('Sqrt', [e.node('Add', [deviation!, e.real(Number(attrs['epsilon']))])])])
        : e.node('Mul', [centred, deviation!])
      return affine(e, y, scale, shift)
    },
  },
]
