// A gated recurrent unit over a sequence: a matrix product and a fused cell per step, unrolled in the Plan.
import { ConfigError } from '../../base/errors.ts'
import { gruCell, gruCellGradient } from '../../kernels/gru-cell.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { steps } from './lstm.ts'
import { matmul } from './matmul.ts'

/** The output [B,H] of each step, of x[B,T,3*H], inputs already projected, and weight[H,3*H]. Gates in the order r, z, n. */
export function gru(x: Tensor, weight: Tensor): readonly Tensor[] {
  const outputs: Tensor[] = []
  for (const step of steps(x)) {
    const before = outputs.at(-1)
    outputs.push(apply(gruCellOp, before === undefined ? [step] : [step, matmul(before, weight), before], {})[0]!)
  }
  return outputs
}

/** Inputs: x and, but for the first step, the product of the output before, and that output. Outputs: y and gates. */
export const gruCellOp: Op<Record<string, never>> = {
  name: 'gru-cell',
  infer([x, h], _attrs, label) {
    const [batch, width] = x!.shape as readonly [number, number]
    if (!Number.isInteger(width / 3) || (h !== undefined && h.shape[1] !== width)) {
      throw new ConfigError(`${label}: must read [B, 3 * H] from the input and the step before, got ${formatShape(x!.shape)} and ${formatShape(h?.shape ?? x!.shape)}. Project both to 3 * H.`)
    }
    return [{ shape: [batch, width / 3], element: 'f32' }, { shape: x!.shape, element: 'f32' }]
  },
  gradient({ inputs: [, h, before], outputs: [, gates] }, [dy]) {
    if (dy === undefined) return []
    return apply(gruCellGradientOp, [gates!, dy, ...(h === undefined ? [] : [h, before!])], {})
  },
  lower: ({ inputs: [x, h, before], outputs: [y, gates], label }) => ({
    kernel: gruCell,
    dims: { B: y!.shape[0]!, H: y!.shape[1]!, FIRST: Number(h === undefined) },
    buffers: { x: x!, ...(h === undefined ? {} : { h, before: before! }), gates: gates!, y: y! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [2, 3, 6] }, { shape: [2, 6] }], build: ([x, weight]) => gru(x!, weight!).at(-1)! },
    { inputs: [{ shape: [3, 6] }, { shape: [3, 6] }, { shape: [3, 2] }], build: ([x, h, before]) => apply(gruCellOp, [x!, h!, before!], {})[0]! },
  ],
}

/** Inputs: gates and dy, then, but for the first step, h and the output before. Outputs: dx and, but for the first step, dh and dbefore. */
export const gruCellGradientOp: Op<Record<string, never>> = {
  name: 'gru-cell-gradient',
  infer: ([gates, dy, h]) => [gates!, ...(h === undefined ? [] : [gates!, dy!])].map(({ shape }) => ({ shape, element: 'f32' })),
  lower: ({ inputs: [gates, dy, h, before], outputs: [dx, dh, dbefore], label }) => ({
    kernel: gruCellGradient,
    dims: { B: dy!.shape[0]!, H: dy!.shape[1]!, FIRST: Number(h === undefined) },
    buffers: { gates: gates!, dy: dy!, ...(h === undefined ? {} : { h, before: before! }), dx: dx!, ...(dh === undefined ? {} : { dh, dbefore: dbefore! }) },
    label,
  }),
  probes: [],
}
