// Softmax of each row, stable (the row maximum is subtracted), and its gradient, given its output.
import { defineKernel, dim, linearGrid, type Algorithm, type Dims, type OneDispatch } from './kernel.ts'
import { bySubgroups } from './subgroups.ts'

const rows = (d: Dims): number => dim(d, 'ROWS')
const cells = (d: Dims): number => dim(d, 'ROWS') * dim(d, 'COLS')

const workgroup = (part: 'softmax' | 'gradient'): OneDispatch => ({
  name: 'workgroup',
  suits: 'gpu',
  shader: `kernels/softmax/${part}-workgroup.wgsl`,
  variants: [{ X: 64 }, { X: 256 }],
  fits: (d, c) => 4 * dim(d, 'COLS') >= dim(c, 'X') && rows(d) <= 65_535,
  grid: (d) => [rows(d), 1, 1],
})

const algorithms = (part: 'softmax' | 'gradient'): readonly Algorithm[] => [
  workgroup(part),
  bySubgroups(workgroup(part)),
  {
    name: 'rows',
    suits: 'software',
    shader: `kernels/softmax/${part}-rows.wgsl`,
    variants: [{ X: 16 }],
    grid: (d, c) => linearGrid(rows(d), dim(c, 'X')),
  },
]

const probes: readonly Dims[] = [{ ROWS: 7, COLS: 10 }, { ROWS: 33, COLS: 65 }, { ROWS: 2, COLS: 300 }]

export const softmax = defineKernel({
  name: 'softmax',
  formula: 'y[ROWS,COLS] = exp(x) / sum over COLS of exp(x)',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: cells },
    y: { access: 'write', element: 'f32', half: true, length: cells },
  },
  algorithms: algorithms('softmax'),
  flops: (d) => 4 * cells(d),
  reference(d, { x, y }) {
    const width = dim(d, 'COLS')
    for (let start = 0; start < cells(d); start += width) {
      let maximum = -Infinity, total = 0
      for (let i = start; i < start + width; i++) maximum = Math.max(maximum, x![i]!)
      for (let i = start; i < start + width; i++) total += Math.exp(x![i]! - maximum)
      for (let i = start; i < start + width; i++) y![i] = Math.exp(x![i]! - maximum) / total
    }
  },
  probes,
})

export const softmaxGradient = defineKernel({
  name: 'softmax-gradient',
  formula: 'dx[ROWS,COLS] = y * (dy - sum over COLS of y * dy)',
  buffers: {
    y: { access: 'read', element: 'f32', half: true, length: cells },
    dy: { access: 'read', element: 'f32', half: true, length: cells },
    dx: { access: 'write', element: 'f32', half: true, length: cells },
  },
  algorithms: algorithms('gradient'),
  flops: (d) => 4 * cells(d),
  reference(d, { y, dy, dx }) {
    const width = dim(d, 'COLS')
    for (let start = 0; start < cells(d); start += width) {
      let sum = 0
      for (let i = start; i < start + width; i++) sum += y![i]! * dy![i]!
      for (let i = start; i < start + width; i++) dx![i] = y![i]! * (dy![i]! - sum)
    }
  },
  probes,
})
