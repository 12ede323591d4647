// Average pooling in NHWC: the mean of what of each window lies inside the image, so that padding does not darken borders.
import { defineKernel, dim, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const xLength = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W') * dim(d, 'C')
const yLength = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'C')
const flops = (d: Dims): number => yLength(d) * dim(d, 'KH') * dim(d, 'KW')
const divides = (d: Dims): boolean => dim(d, 'C') % 4 === 0

const probes: readonly Dims[] = [
  { N: 2, H: 6, W: 8, C: 4, KH: 2, KW: 2, OH: 3, OW: 4, SH: 2, SW: 2, PT: 0, PL: 0 },
  { N: 2, H: 7, W: 5, C: 3, KH: 3, KW: 2, OH: 4, OW: 4, SH: 2, SW: 1, PT: 1, PL: 0 },
  { N: 1, H: 9, W: 5, C: 8, KH: 3, KW: 3, OH: 9, OW: 3, SH: 1, SW: 2, PT: 1, PL: 1 },
  // A stride beyond the window leaves rows and columns that no window holds.
  { N: 2, H: 8, W: 9, C: 1, KH: 1, KW: 2, OH: 3, OW: 3, SH: 3, SW: 3, PT: 0, PL: 0 },
]

export const averagePool = defineKernel({
  name: 'average-pool',
  formula: 'y[N,OH,OW,C] = mean over the KH,KW inside the image of x[N, OH*SH-PT+KH, OW*SW-PL+KW, C]',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: xLength },
    y: { access: 'write', element: 'f32', half: true, length: yLength },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/pool/average.wgsl', elements: yLength, vectors: ['x', 'y'], divides }),
  flops,
  reference(d, { x, y }) {
    const C = dim(d, 'C')
    eachWindow(d, (yAt, inside) => {
      for (let c = 0; c < C; c++) y![yAt + c] = inside.reduce((sum, at) => sum + x![at + c]!, 0) / inside.length
    })
  },
  probes,
})

export const averagePoolGradient = defineKernel({
  name: 'average-pool-gradient',
  formula: 'dx[N,H,W,C] = sum over the windows that hold x[N,H,W,C] of dy[N,OH,OW,C] / the number of their elements inside the image',
  buffers: {
    dy: { access: 'read', element: 'f32', half: true, length: yLength },
    dx: { access: 'write', element: 'f32', half: true, length: xLength },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/pool/average-gradient.wgsl', elements: xLength, vectors: ['dy', 'dx'], divides }),
  flops,
  reference(d, { dy, dx }) {
    const C = dim(d, 'C')
    const sums = new Float64Array(xLength(d))
    eachWindow(d, (yAt, inside) => {
      for (const at of inside) for (let c = 0; c < C; c++) sums[at + c]! += dy![yAt + c]! / inside.length
    })
    dx!.set(sums)
  },
  probes,
})

/** Calls `visit` with each output pixel's offset and the offsets of the pixels of its window that lie inside the image. */
function eachWindow(d: Dims, visit: (yAt: number, inside: readonly number[]) => void): void {
  const H = dim(d, 'H'), W = dim(d, 'W'), C = dim(d, 'C'), OH = dim(d, 'OH'), OW = dim(d, 'OW')
  for (let n = 0; n < dim(d, 'N'); n++) for (let oh = 0; oh < OH; oh++) for (let ow = 0; ow < OW; ow++) {
    const inside: number[] = []
    for (let kh = 0; kh < dim(d, 'KH'); kh++) for (let kw = 0; kw < dim(d, 'KW'); kw++) {
      const h = oh * dim(d, 'SH') - dim(d, 'PT') + kh, w = ow * dim(d, 'SW') - dim(d, 'PL') + kw
      if (h >= 0 && h < H && w >= 0 && w < W) inside.push(((n * H + h) * W + w) * C)
    }
    visit(((n * OH + oh) * OW + ow) * C, inside)
  }
}
