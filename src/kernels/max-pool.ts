// Max pooling without padding, in NHWC. Where a window has several equal maxima, the first in row order gets the gradient.
import { ceilDiv } from '../base/math.ts'
import { activationByCode } from './activation.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Dims, type NumberArray } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

interface PoolDims {
  readonly N: number; readonly H: number; readonly W: number; readonly C: number
  readonly KH: number; readonly KW: number; readonly OH: number; readonly OW: number; readonly SH: number; readonly SW: number
}

const xLength = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W') * dim(d, 'C')
const yLength = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'C')
const flops = (d: Dims): number => yLength(d) * dim(d, 'KH') * dim(d, 'KW')

const probes: readonly Dims[] = [
  { N: 2, H: 6, W: 8, C: 4, KH: 2, KW: 2, OH: 3, OW: 4, SH: 2, SW: 2 },
  { N: 2, H: 7, W: 5, C: 3, KH: 2, KW: 2, OH: 3, OW: 2, SH: 2, SW: 2 },
  { N: 1, H: 7, W: 7, C: 5, KH: 3, KW: 3, OH: 3, OW: 3, SH: 2, SW: 2 },
  { N: 1, H: 11, W: 10, C: 4, KH: 10, KW: 9, OH: 1, OW: 1, SH: 10, SW: 9 },
]

const SIZES = [64, 256, 4]
const forwardAlgorithms = linearAlgorithms({ shader: 'kernels/max-pool.wgsl', elements: yLength, vectors: ['x', 'bias', 'y'], divides: (d) => dim(d, 'C') % 4 === 0, activation: true })

/** Windows that are written out in shaders, at most: larger ones take long to compile. */
const MOST_UNROLLED = 64

/** Windows that do not overlap: each invocation owns one window, border included. */
const tiles = (d: Dims): boolean => d['KH'] === d['SH'] && d['KW'] === d['SW'] && dim(d, 'KH') * dim(d, 'KW') <= MOST_UNROLLED

const windowAlgorithm = (IN_PLACE: 0 | 1, WIDTH: 1 | 4): Algorithm => ({
  name: WIDTH === 4 ? 'windows-vec4' : 'windows',
  shader: 'kernels/max-pool-gradient-windows.wgsl',
  variants: SIZES.map((X) => ({ X, WIDTH, IN_PLACE })),
  ...(WIDTH === 4 ? { views: () => ({ ...(IN_PLACE === 1 ? {} : { x: 'vec4<f32>' as const }), dy: 'vec4<f32>', dx: 'vec4<f32>' }) } : {}),
  fits: (d) => tiles(d) && dim(d, 'C') % WIDTH === 0,
  grid: (d, c) => linearGrid(dim(d, 'N') * ceilDiv(dim(d, 'H'), dim(d, 'SH')) * ceilDiv(dim(d, 'W'), dim(d, 'SW')) * (dim(d, 'C') / WIDTH), dim(c, 'X')),
})

/** On software adapters a vec4 runs no faster than its four numbers, and compiles several times longer. */
const windowAlgorithms = (IN_PLACE: 0 | 1): readonly Algorithm[] => {
  const single = windowAlgorithm(IN_PLACE, 1)
  return [windowAlgorithm(IN_PLACE, 4), single, { ...single, name: 'windows-software', suits: 'software', variants: single.variants.filter(({ X }) => X !== 4) }]
}

const gather: Algorithm = {
  name: 'gather',
  shader: 'kernels/max-pool-gradient-gather.wgsl',
  variants: SIZES.map((X) => ({ X })),
  grid: (d, c) => linearGrid(xLength(d), dim(c, 'X')),
}

export const maxPool = defineKernel({
  name: 'max-pool',
  formula: 'y[N,OH,OW,C] = act(max over KH,KW of x[N, OH*SH+KH, OW*SW+KW, C] + bias[C])',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: xLength },
    bias: { access: 'read', element: 'f32', length: (d) => dim(d, 'C'), bound: (d) => d['BIAS'] === 1 },
    y: { access: 'write', element: 'f32', half: true, length: yLength },
  },
  epilogue: { output: 'y', columns: (d) => dim(d, 'C') },
  algorithms: forwardAlgorithms,
  flops,
  reference(d, { x, bias, y }) {
    const { forward } = activationByCode(dim(d, 'ACT'))
    eachWindow(d, x!, (yAt, xAt) => { y![yAt] = forward(x![xAt]! + (d['BIAS'] === 1 ? bias![yAt % dim(d, 'C')]! : 0)) })
  },
  probes: probes.flatMap((p) => [{ ...p, BIAS: 0, ACT: 0 }, { ...p, BIAS: 1, ACT: 1 }]),
})

export const maxPoolGradient = defineKernel({
  name: 'max-pool-gradient',
  formula: 'dx[N,H,W,C] = sum over the windows whose first maximum is x[N,H,W,C] of dy[N,OH,OW,C]',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: xLength },
    dy: { access: 'read', element: 'f32', half: true, length: yLength },
    dx: { access: 'write', element: 'f32', half: true, length: xLength },
  },
  inPlace: (d, dead) => (tiles(d) && dead('x') ? { kernel: maxPoolGradientInPlace, output: 'dx', input: 'x', buffer: 'dx' } : undefined),
  algorithms: [...windowAlgorithms(0), gather],
  flops,
  reference(d, { x, dy, dx }) {
    dx!.fill(0)
    eachWindow(d, x!, (yAt, xAt) => { dx![xAt]! += dy![yAt]! })
  },
  probes,
})

export const maxPoolGradientInPlace = defineKernel({
  name: 'max-pool-gradient-in-place',
  formula: 'as max-pool-gradient, of windows that do not overlap, with dx over x',
  buffers: {
    dx: { access: 'update', element: 'f32', half: true, length: xLength },
    dy: { access: 'read', element: 'f32', half: true, length: yLength },
  },
  algorithms: windowAlgorithms(1),
  flops,
  reference: (d, { dx, dy }) => maxPoolGradient.reference(d, { x: dx!.slice(), dy: dy!, dx: dx! }),
  probes: probes.filter(tiles),
})

/** Calls `visit` with each output's offset and the offset of its window's first maximum. */
function eachWindow(d: Dims, x: NumberArray, visit: (yAt: number, xAt: number) => void): void {
  const { N, H, W, C, KH, KW, OH, OW, SH, SW } = d as unknown as PoolDims
  for (let n = 0; n < N; n++) for (let oh = 0; oh < OH; oh++) for (let ow = 0; ow < OW; ow++) for (let c = 0; c < C; c++) {
    let best = ((n * H + oh * SH) * W + ow * SW) * C + c
    for (let kh = 0; kh < KH; kh++) for (let kw = 0; kw < KW; kw++) {
      const at = ((n * H + oh * SH + kh) * W + ow * SW + kw) * C + c
      if (x[at]! > x[best]!) best = at
    }
    visit(((n * OH + oh) * OW + ow) * C + c, best)
  }
}
