// One step of a long short-term memory (Hochreiter and Schmidhuber 1997; forget gates: Gers et al. 2000) after its matrix products,
// and the gradient of that. 1 is added to what the forget gate reads, so that it begins open (Jozefowicz et al. 2015).
import { defineKernel, dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims } from './kernel.ts'

const units = (d: Dims): number => dim(d, 'B') * dim(d, 'H')
const four = (d: Dims): number => 4 * units(d)
const notFirst = (d: Dims): boolean => d['FIRST'] === 0
const buffer = (access: 'read' | 'write', length: (d: Dims) => number, bound?: (d: Dims) => boolean): BufferDeclaration =>
  ({ access, element: 'f32', length, ...(bound === undefined ? {} : { bound }) })
const half = (...of: Parameters<typeof buffer>): BufferDeclaration => ({ ...buffer(...of), half: true })

/** One invocation per unit of an example. */
export const cellAlgorithms = (shader: string): readonly Algorithm[] => [{
  name: 'units',
  shader: `kernels/recurrent/${shader}.wgsl`,
  variants: [{ X: 64 }],
  grid: (d, c) => linearGrid(units(d), dim(c, 'X')),
}]

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

export const lstmCell = defineKernel({
  name: 'lstm-cell',
  formula: 'gates[B,4,H] = i, f, g, o of x[B,4,H] + h[B,4,H]: sigmoid, sigmoid of it + 1, tanh, sigmoid; cell[B,H] = f * c[B,H] + i * g; y[B,H] = o * tanh(cell); h and c are 0 where FIRST = 1',
  buffers: {
    x: half('read', four),
    h: half('read', four, notFirst),
    c: buffer('read', units, notFirst),
    gates: half('write', four),
    cell: buffer('write', units),
    y: half('write', units),
  },
  algorithms: cellAlgorithms('lstm-cell'),
  flops: (d) => 20 * units(d),
  reference(d, { x, h, c, gates, cell, y }) {
    const H = dim(d, 'H')
    for (let n = 0; n < units(d); n++) {
      const at = Math.floor(n / H) * 4 * H + (n % H)
      const [zi, zf, zg, zo] = [0, 1, 2, 3].map((k) => x![at + k * H]! + (d['FIRST'] === 1 ? 0 : h![at + k * H]!)) as [number, number, number, number]
      const [i, f, g, o] = [sigmoid(zi), sigmoid(zf + 1), Math.tanh(zg), sigmoid(zo)]
      const state = (d['FIRST'] === 1 ? 0 : f * c![n]!) + i * g
      ;[i, f, g, o].forEach((gate, k) => { gates![at + k * H] = gate })
      cell![n] = state
      y![n] = o * Math.tanh(state)
    }
  },
  probes: [{ B: 3, H: 5, FIRST: 0 }, { B: 2, H: 70, FIRST: 1 }],
})

export const lstmCellGradient = defineKernel({
  name: 'lstm-cell-gradient',
  formula: 'dgates[B,4,H], what the gates read, and dc[B,H], of dy[B,H] and dcell[B,H] (0 where LAST = 1)',
  buffers: {
    gates: half('read', four),
    c: buffer('read', units, notFirst),
    cell: buffer('read', units),
    dy: half('read', units),
    dcell: buffer('read', units, (d) => d['LAST'] === 0),
    dgates: half('write', four),
    dc: buffer('write', units, notFirst),
  },
  algorithms: cellAlgorithms('lstm-cell-gradient'),
  flops: (d) => 25 * units(d),
  reference(d, { gates, c, cell, dy, dcell, dgates, dc }) {
    const H = dim(d, 'H')
    for (let n = 0; n < units(d); n++) {
      const at = Math.floor(n / H) * 4 * H + (n % H)
      const [i, f, g, o] = [0, 1, 2, 3].map((k) => gates![at + k * H]!) as [number, number, number, number]
      const state = Math.tanh(cell![n]!)
      const slope = dy![n]! * o * (1 - state * state) + (d['LAST'] === 1 ? 0 : dcell![n]!)
      const before = d['FIRST'] === 1 ? 0 : c![n]!
      ;[slope * g * i * (1 - i), slope * before * f * (1 - f), slope * i * (1 - g * g), dy![n]! * state * o * (1 - o)].forEach((value, k) => { dgates![at + k * H] = value })
      if (d['FIRST'] === 0) dc![n] = slope * f
    }
  },
  probes: [{ B: 3, H: 5, FIRST: 0, LAST: 0 }, { B: 2, H: 70, FIRST: 1, LAST: 0 }, { B: 2, H: 8, FIRST: 0, LAST: 1 }],
})
