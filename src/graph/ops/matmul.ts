// Matrix product of two matrices, either of them stored transposed.
import { ConfigError } from '../../base/errors.ts'
import { matmul as kernel } from '../../kernels/matmul.ts'
import { apply, formatShape, type Op, type Tensor, type TensorType } from '../tensor.ts'

type MatmulAttrs = { readonly transposeA: number; readonly transposeB: number }

/** c[M,N] = A·B. `a` is [M,K], or [K,M] where transposeA; `b` is [K,N], or [N,K] where transposeB. */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false } = {}): Tensor {
  return apply(matmulOp, [a, b], { transposeA: Number(transposeA), transposeB: Number(transposeB) })[0]!
}

export const matmulOp: Op<MatmulAttrs> = {
  name: 'matmul',
  infer(inputs, attrs, label) {
    const { M, N, K, innerB } = sizes(inputs, attrs, label)
    if (K !== innerB) {
      throw new ConfigError(`${label}: must have equal inner dimensions, got ${formatShape(inputs[0]!.shape)} and ${formatShape(inputs[1]!.shape)}${flags(attrs)}. Transpose one operand or change its shape.`)
    }
    return [{ shape: [M, N], element: 'f32' }]
  },
  gradient({ inputs, attrs }, [dc]) {
    if (dc === undefined) return []
    const [a, b] = [inputs[0]!, inputs[1]!]
    const ta = attrs.transposeA === 1, tb = attrs.transposeB === 1
    return [
      ta ? matmul(b, dc, { transposeA: tb, transposeB: true }) : matmul(dc, b, { transposeB: !tb }),
      tb ? matmul(dc, a, { transposeA: true, transposeB: ta }) : matmul(a, dc, { transposeA: !ta }),
    ]
  },
  lower({ inputs, outputs, attrs, label }) {
    const { M, N, K } = sizes(inputs, attrs, label)
    return {
      kernel,
      dims: { M, N, K, TA: attrs.transposeA, TB: attrs.transposeB, BIAS: 0, ACT: 0 },
      buffers: { a: inputs[0]!, b: inputs[1]!, c: outputs[0]! },
      label,
    }
  },
  probes: [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({
    inputs: [{ shape: transposeA ? [4, 3] : [3, 4] }, { shape: transposeB ? [5, 4] : [4, 5] }],
    build: ([a, b]) => matmul(a!, b!, { transposeA, transposeB }),
  }))),
}

function sizes([a, b]: readonly TensorType[], { transposeA, transposeB }: MatmulAttrs, label: string): { M: number; N: number; K: number; innerB: number } {
  if (a!.shape.length !== 2 || b!.shape.length !== 2) {
    throw new ConfigError(`${label}: must multiply two matrices, got ${formatShape(a!.shape)} and ${formatShape(b!.shape)}. Reshape them to two dimensions.`)
  }
  const [rowsA, columnsA] = a!.shape as readonly [number, number]
  const [rowsB, columnsB] = b!.shape as readonly [number, number]
  return { M: transposeA ? columnsA : rowsA, K: transposeA ? rowsA : columnsA, innerB: transposeB ? columnsB : rowsB, N: transposeB ? rowsB : columnsB }
}

const flags = ({ transposeA, transposeB }: MatmulAttrs): string =>
  transposeA + transposeB === 0 ? '' : ` (${[transposeA ? 'first' : '', transposeB ? 'second' : ''].filter(Boolean).join(' and ')} transposed)`
