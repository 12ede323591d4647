// What convolutions read and write, plain or in G groups of channels, and what they cost.
import { dim, type BufferDeclaration, type Dims } from './kernel.ts'

type Buffers = Readonly<Record<string, BufferDeclaration>>

/** Channels that a filter reads. */
const depth = (d: Dims): number => dim(d, 'C') / (d['G'] ?? 1)
const xLength = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W') * dim(d, 'C')
const wLength = (d: Dims): number => dim(d, 'KH') * dim(d, 'KW') * depth(d) * dim(d, 'F')
const yLength = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'F')

export const convolutionFlops = (d: Dims): number => 2 * yLength(d) * dim(d, 'KH') * dim(d, 'KW') * depth(d)

export const forwardBuffers: Buffers = {
  x: { access: 'read', element: 'f32', half: true, length: xLength },
  w: { access: 'read', element: 'f32', length: wLength },
  bias: { access: 'read', element: 'f32', length: (d) => dim(d, 'F'), bound: (d) => d['BIAS'] === 1 },
  y: { access: 'write', element: 'f32', half: true, length: yLength },
}

export const inputGradientBuffers: Buffers = {
  dy: { access: 'read', element: 'f32', half: true, length: yLength },
  w: { access: 'read', element: 'f32', length: wLength },
  dx: { access: 'write', element: 'f32', half: true, length: xLength },
}

export const filterGradientBuffers: Buffers = {
  x: { access: 'read', element: 'f32', half: true, length: xLength },
  dy: { access: 'read', element: 'f32', half: true, length: yLength },
  dw: { access: 'write', element: 'f32', length: wLength },
}
