// Rows of a table by id, and the gradient of that: rows summed by id. Sums run over positions sorted by id, in the order
// of the positions, so that no atomics are needed and results do not vary from run to run.
import { ceilDiv } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const positions = (d: Dims): number => dim(d, 'N')
const table = (d: Dims): number => dim(d, 'V') * dim(d, 'D')
const rows = (d: Dims): number => dim(d, 'N') * dim(d, 'D')
const divides = (d: Dims): boolean => dim(d, 'D') % 4 === 0
const idRange = (d: Dims): readonly [number, number] => [0, dim(d, 'V') + 1]

export const gatherRows = defineKernel({
  name: 'gather-rows',
  formula: 'y[N,D] = table[min(ids[N], V - 1),D] of table[V,D]',
  buffers: {
    table: { access: 'read', element: 'f32', length: table },
    ids: { access: 'read', element: 'u32', length: positions, range: idRange },
    y: { access: 'write', element: 'f32', half: true, length: rows },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/embedding/gather-rows.wgsl', elements: rows, vectors: ['table', 'y'], divides }),
  flops: rows,
  reference(d, { table, ids, y }) {
    const width = dim(d, 'D'), last = dim(d, 'V') - 1
    for (let n = 0; n < dim(d, 'N'); n++) {
      const from = Math.min(ids![n]!, last) * width
      for (let i = 0; i < width; i++) y![n * width + i] = table![from + i]!
    }
  },
  probes: [{ N: 7, V: 5, D: 12 }, { N: 33, V: 65, D: 3 }, { N: 200, V: 9, D: 64 }],
})

/** Each invocation counts how many ids come before its own: quadratic, and parallel. */
const ranks: Algorithm = {
  name: 'ranks',
  suits: 'gpu',
  shader: 'kernels/embedding/group-ids-ranks.wgsl',
  variants: [{ X: 256 }, { X: 64 }],
  grid: (d, c) => linearGrid(dim(d, 'N') + dim(d, 'V') + 1, dim(c, 'X')),
}

/** Counting sort by a single invocation: the least work where invocations do not run side by side anyway. */
const serial: Algorithm = {
  name: 'serial',
  suits: 'software',
  shader: 'kernels/embedding/group-ids-serial.wgsl',
  variants: [{ X: 1 }],
  grid: () => [1, 1, 1],
}

export const groupIds = defineKernel({
  name: 'group-ids',
  formula: 'order[N] = positions sorted by min(ids[N], V - 1), equal ids in the order of the positions; starts[V+1]: those of id v begin at starts[v]',
  buffers: {
    ids: { access: 'read', element: 'u32', length: positions, range: idRange },
    order: { access: 'write', element: 'u32', length: positions },
    starts: { access: 'write', element: 'u32', length: (d) => dim(d, 'V') + 1 },
  },
  algorithms: [ranks, serial],
  flops: (d) => 4 * dim(d, 'N') + dim(d, 'V'),
  reference(d, { ids, order, starts }) {
    const groups = dim(d, 'V')
    starts!.fill(0)
    const idAt = (n: number): number => Math.min(ids![n]!, groups - 1)
    for (let n = 0; n < dim(d, 'N'); n++) starts![idAt(n) + 1]!++
    for (let v = 0; v < groups; v++) starts![v + 1]! += starts![v]!
    const next = Array.from(starts!)
    for (let n = 0; n < dim(d, 'N'); n++) order![next[idAt(n)]!++] = n
  },
  probes: [{ N: 7, V: 5 }, { N: 300, V: 65 }, { N: 500, V: 1000 }, { N: 40, V: 1 }],
})

/** A workgroup per id: its rows stride down the positions, then add up in workgroup memory. */
const workgroupPerGroup: Algorithm = {
  name: 'workgroup',
  suits: 'gpu',
  shader: 'kernels/embedding/sum-groups-workgroup.wgsl',
  variants: [{ X: 16, Y: 4 }, { X: 8, Y: 8 }, { X: 16, Y: 16 }],
  views: () => ({ dy: 'vec4<f32>', dtable: 'vec4<f32>' }),
  fits: divides,
  grid: (d, c) => [ceilDiv(dim(d, 'D') / 4, dim(c, 'X')), dim(d, 'V'), 1],
}

/** One invocation per element of the table, or per four. */
const columns = (width: 1 | 4): Algorithm => ({
  name: width === 4 ? 'vec4' : 'scalar',
  suits: 'software',
  shader: 'kernels/embedding/sum-groups.wgsl',
  variants: [{ X: 64, WIDTH: width }],
  ...(width === 4 ? { views: () => ({ dy: 'vec4<f32>', dtable: 'vec4<f32>' } as const) } : {}),
  fits: (d) => divides(d) === (width === 4),
  grid: (d, c) => linearGrid(table(d) / width, dim(c, 'X')),
})

export const sumGroups = defineKernel({
  name: 'sum-groups',
  formula: 'dtable[V,D] = sum over i in starts[V]..starts[V+1] of dy[order[i],D] of dy[N,D]',
  buffers: {
    order: { access: 'read', element: 'u32', length: positions, range: (d) => [0, dim(d, 'N')] },
    // Not sorted, but as long a way from one to the next as it is on average: times would mean nothing otherwise.
    starts: { access: 'read', element: 'u32', length: (d) => dim(d, 'V') + 1, range: (d) => [0, Math.min(dim(d, 'N'), ceilDiv(6 * dim(d, 'N'), dim(d, 'V'))) + 1] },
    dy: { access: 'read', element: 'f32', half: true, length: rows },
    dtable: { access: 'write', element: 'f32', length: table },
  },
  algorithms: [workgroupPerGroup, columns(4), columns(1)],
  flops: (d) => rows(d) + table(d),
  reference(d, { order, starts, dy, dtable }) {
    const width = dim(d, 'D')
    for (let v = 0; v < dim(d, 'V'); v++) for (let i = 0; i < width; i++) {
      let sum = 0
      for (let at = starts![v]!; at < starts![v + 1]!; at++) sum += dy![order![at]! * width + i]!
      dtable![v * width + i] = sum
    }
  },
  probes: [{ N: 7, V: 5, D: 12 }, { N: 33, V: 65, D: 3 }, { N: 100, V: 9, D: 68 }],
})
