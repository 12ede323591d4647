// Long short-term memory over a sequence: a matrix product and a fused cell per step, unrolled in the Plan.
import { ConfigError } from '../../base/errors.ts'
import { lstmCell, lstmCellGradient } from '../../kernels/lstm-cell.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'
import { matmul } from './matmul.ts'
import { reshape } from './reshape.ts'
import { split } from './concat.ts'

/** The output [B,H] of each step, of x[B,T,4*H], inputs already projected, and weight[H,4*H]. Gates in the order i, f, g, o. */
export function lstm(x: Tensor, weight: Tensor): readonly Tensor[] {
  const outputs: Tensor[] = []
  let cell: Tensor | undefined
  for (const step of steps(x)) {
    const before = outputs.at(-1)
    const [y, next] = apply(lstmCellOp, before === undefined ? [step] : [step, matmul(before, weight), cell!], {})
    outputs.push(y!)
    cell = next!
  }
  return outputs
}

/** x[B,T,C] as T tensors [B,C]. */
export function steps(x: Tensor): readonly Tensor[] {
  const [batch, length, width] = x.shape as readonly [number, number, number]
  return split(x, 1, Array<number>(length).fill(1)).map((step) => reshape(step, [batch, width]))
}

/** Inputs: x and, but for the first step, the product of the output before and the cell before. Outputs: y, cell, gates. */
export const lstmCellOp: Op<Record<string, never>> = {
  name: 'lstm-cell',
  infer([x, h], _attrs, label) {
    const [batch, width] = x!.shape as readonly [number, number]
    if (!Number.isInteger(width / 4) || (h !== undefined && h.shape[1] !== width)) {
      throw new ConfigError(`${label}: must read [B, 4 * H] from the input and the step before, got ${formatShape(x!.shape)} and ${formatShape(h?.shape ?? x!.shape)}. Project both to 4 * H.`)
    }
    const state = { shape: [batch, width / 4], element: 'f32' } as const
    return [state, state, { shape: x!.shape, element: 'f32' }]
  },
  gradient({ inputs: [, , c], outputs: [, cell, gates] }, [dy, dcell]) {
    // The last step's cell leads nowhere; every output is read.
    if (dy === undefined) return []
    const [dgates, dc] = apply(lstmCellGradientOp, [gates!, cell!, dy, ...(c === undefined ? [] : [c]), ...(dcell === undefined ? [] : [dcell])], { first: Number(c === undefined) })
    return [dgates, dgates, dc]
  },
  lower: ({ inputs: [x, h, c], outputs: [y, cell, gates], label }) => ({
    kernel: lstmCell,
    dims: { B: y!.shape[0]!, H: y!.shape[1]!, FIRST: Number(h === undefined) },
    buffers: { x: x!, ...(h === undefined ? {} : { h, c: c! }), gates: gates!, cell: cell!, y: y! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [2, 3, 8] }, { shape: [2, 8] }], build: ([x, weight]) => lstm(x!, weight!).at(-1)! },
    { inputs: [{ shape: [3, 8] }, { shape: [3, 8] }, { shape: [3, 2] }], build: ([x, h, c]) => apply(lstmCellOp, [x!, h!, c!], {})[0]! },
  ],
}

/** Inputs: gates, cell and dy, then the cell before but for the first step, then dcell but for the last. Outputs: dgates and, but for the first step, dc. */
export const lstmCellGradientOp: Op<{ readonly first: number }> = {
  name: 'lstm-cell-gradient',
  infer: ([gates, cell], { first }) => [gates!, ...(first === 1 ? [] : [cell!])].map(({ shape }) => ({ shape, element: 'f32' })),
  lower({ inputs: [gates, cell, dy, ...more], outputs: [dgates, dc], attrs: { first }, label }) {
    const c = first === 1 ? undefined : more[0]
    const dcell = more[1 - first]
    return {
      kernel: lstmCellGradient,
      dims: { B: cell!.shape[0]!, H: cell!.shape[1]!, FIRST: first, LAST: Number(dcell === undefined) },
      buffers: { gates: gates!, cell: cell!, dy: dy!, ...(c === undefined ? {} : { c }), ...(dcell === undefined ? {} : { dcell }), dgates: dgates!, ...(dc === undefined ? {} : { dc }) },
      label,
    }
  },
  probes: [],
}
