// One step of a gated recurrent unit (Cho et al. 2014) after its matrix products, and the gradient of that. The reset gate
// multiplies the product, not what goes into it, as in cuDNN and PyTorch: one product serves all gates.
import { cellAlgorithms } from './lstm-cell.ts'
import { defineKernel, dim, type BufferDeclaration, type Dims } from './kernel.ts'

const units = (d: Dims): number => dim(d, 'B') * dim(d, 'H')
const three = (d: Dims): number => 3 * units(d)
const notFirst = (d: Dims): boolean => d['FIRST'] === 0
const buffer = (access: 'read' | 'write', length: (d: Dims) => number, bound?: (d: Dims) => boolean): BufferDeclaration =>
  ({ access, element: 'f32', length, ...(bound === undefined ? {} : { bound }) })
const half = (...of: Parameters<typeof buffer>): BufferDeclaration => ({ ...buffer(...of), half: true })

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

export const gruCell = defineKernel({
  name: 'gru-cell',
  formula: 'gates[B,3,H] = r, z, n: sigmoid, sigmoid of x[B,3,H] + h[B,3,H], tanh(x + r * h); y[B,H] = (1 - z) * n + z * before[B,H]; h and before are 0 where FIRST = 1',
  buffers: {
    x: half('read', three),
    h: half('read', three, notFirst),
    before: half('read', units, notFirst),
    gates: half('write', three),
    y: half('write', units),
  },
  algorithms: cellAlgorithms('gru-cell'),
  flops: (d) => 16 * units(d),
  reference(d, { x, h, before, gates, y }) {
    const H = dim(d, 'H'), first = d['FIRST'] === 1
    for (let i = 0; i < units(d); i++) {
      const at = Math.floor(i / H) * 3 * H + (i % H)
      const recurrent = (k: number): number => (first ? 0 : h![at + k * H]!)
      const r = sigmoid(x![at]! + recurrent(0)), z = sigmoid(x![at + H]! + recurrent(1))
      const n = Math.tanh(x![at + 2 * H]! + r * recurrent(2))
      ;[r, z, n].forEach((gate, k) => { gates![at + k * H] = gate })
      y![i] = (1 - z) * n + (first ? 0 : z * before![i]!)
    }
  },
  probes: [{ B: 3, H: 5, FIRST: 0 }, { B: 2, H: 70, FIRST: 1 }],
})

export const gruCellGradient = defineKernel({
  name: 'gru-cell-gradient',
  formula: 'dx[B,3,H], dh[B,3,H] and dbefore[B,H] of dy[B,H]; the last two only where FIRST = 0',
  buffers: {
    h: half('read', three, notFirst),
    before: half('read', units, notFirst),
    gates: half('read', three),
    dy: half('read', units),
    dx: half('write', three),
    dh: half('write', three, notFirst),
    dbefore: half('write', units, notFirst),
  },
  algorithms: cellAlgorithms('gru-cell-gradient'),
  flops: (d) => 20 * units(d),
  reference(d, { h, before, gates, dy, dx, dh, dbefore }) {
    const H = dim(d, 'H'), first = d['FIRST'] === 1
    for (let i = 0; i < units(d); i++) {
      const at = Math.floor(i / H) * 3 * H + (i % H)
      const [r, z, n] = [0, 1, 2].map((k) => gates![at + k * H]!) as [number, number, number]
      const dn = dy![i]! * (1 - z) * (1 - n * n)
      const dr = first ? 0 : dn * h![at + 2 * H]! * r * (1 - r)
      const dz = dy![i]! * ((first ? 0 : before![i]!) - n) * z * (1 - z)
      ;[dr, dz, dn].forEach((value, k) => { dx![at + k * H] = value })
      if (first) continue
      ;[dr, dz, dn * r].forEach((value, k) => { dh![at + k * H] = value })
      dbefore![i] = dy![i]! * z
    }
  },
  probes: [{ B: 3, H: 5, FIRST: 0 }, { B: 2, H: 70, FIRST: 1 }],
})
