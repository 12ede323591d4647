// Rows of a table by id. The gradient sums rows over positions that are sorted by id beforehand (see kernels/embedding.ts).
import { ConfigError } from '../../base/errors.ts'
import { product } from '../../base/math.ts'
import { gatherRows, groupIds, sumGroups } from '../../kernels/embedding.ts'
import { apply, formatShape, type Op, type Tensor } from '../tensor.ts'

type SizeAttrs = { readonly size: number }

/** y[...,D] = table[ids[...],D] of table[V,D]; ids beyond the table read its last row. */
export const embedding = (table: Tensor, ids: Tensor): Tensor => apply(embeddingOp, [table, ids], {})[0]!

export const embeddingOp: Op<Record<string, never>> = {
  name: 'embedding',
  infer([table, ids], _attrs, label) {
    if (table!.shape.length !== 2 || ids!.element !== 'u32') {
      throw new ConfigError(`${label}: must look up integers in a table [V, D], got ${ids!.element} ${formatShape(ids!.shape)} and ${formatShape(table!.shape)}. Read an input of integers.`)
    }
    return [{ shape: [...ids!.shape, table!.shape[1]!], element: 'f32' }]
  },
  gradient({ inputs: [table, ids] }, [dy]) {
    if (dy === undefined) return []
    const size = table!.shape[0]!
    const [order, starts] = apply(groupIdsOp, [ids!], { size })
    return [apply(embeddingGradientOp, [order!, starts!, dy], { size })[0]!, undefined]
  },
  lower: ({ inputs: [table, ids], outputs: [y], label }) => ({
    kernel: gatherRows,
    dims: { N: product(ids!.shape), V: table!.shape[0]!, D: table!.shape[1]! },
    buffers: { table: table!, ids: ids!, y: y! },
    label,
  }),
  probes: [
    { inputs: [{ shape: [5, 3] }, { shape: [2, 4], below: 5, constant: true }], build: ([table, ids]) => embedding(table!, ids!) },
    { inputs: [{ shape: [3, 4] }, { shape: [7], below: 3, constant: true }], build: ([table, ids]) => embedding(table!, ids!) },
  ],
}

/** Positions sorted by id, and where each id's begin among them. */
export const groupIdsOp: Op<SizeAttrs> = {
  name: 'group-ids',
  infer: ([ids], { size }) => [{ shape: [product(ids!.shape)], element: 'u32' }, { shape: [size + 1], element: 'u32' }],
  lower: ({ inputs: [ids], outputs: [order, starts], attrs: { size }, label }) => ({
    kernel: groupIds,
    dims: { N: product(ids!.shape), V: size },
    buffers: { ids: ids!, order: order!, starts: starts! },
    label,
  }),
  probes: [],
}

/** Inputs: order and starts of groupIdsOp, and the gradient of the rows that were read. */
export const embeddingGradientOp: Op<SizeAttrs> = {
  name: 'embedding-gradient',
  infer: ([, , dy], { size }) => [{ shape: [size, dy!.shape.at(-1)!], element: 'f32' }],
  lower: ({ inputs: [order, starts, dy], outputs: [dtable], attrs: { size }, label }) => ({
    kernel: sumGroups,
    dims: { N: order!.shape[0]!, V: size, D: dy!.shape.at(-1)! },
    buffers: { order: order!, starts: starts!, dy: dy!, dtable: dtable! },
    label,
  }),
  probes: [],
}
