// The largest value of each channel over all positions of an example, and where it was: that alone takes the gradient.
import { ceilDiv } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const whole = (d: Dims): number => dim(d, 'N') * dim(d, 'P') * dim(d, 'C')
const pooled = (d: Dims): number => dim(d, 'N') * dim(d, 'C')
const divides = (d: Dims): boolean => dim(d, 'C') % 4 === 0
const probes: readonly Dims[] = [{ N: 3, P: 7, C: 5 }, { N: 2, P: 48, C: 8 }, { N: 4, P: 1, C: 12 }, { N: 1, P: 100, C: 36 }]

const workgroup: Algorithm = {
  name: 'workgroup',
  suits: 'gpu',
  shader: 'kernels/pool/global-max-workgroup.wgsl',
  variants: [{ X: 16, Y: 8 }, { X: 64, Y: 4 }],
  fits: (d) => dim(d, 'N') <= 65_535,
  grid: (d, c) => [ceilDiv(dim(d, 'C'), dim(c, 'X')), dim(d, 'N'), 1],
}

const serial = [4, 1].map((WIDTH): Algorithm => ({
  name: WIDTH === 4 ? 'serial-vec4' : 'serial',
  ...(WIDTH === 4 ? { suits: 'software', views: () => ({ x: 'vec4<f32>', y: 'vec4<f32>' }), fits: divides } : {}),
  shader: 'kernels/pool/global-max-serial.wgsl',
  variants: [{ X: 4, WIDTH }],
  grid: (d, c) => linearGrid(pooled(d) / WIDTH, dim(c, 'X')),
}))

export const globalMax = defineKernel({
  name: 'global-max',
  formula: 'y[N,C] = max over P of x[N,P,C]; place[N,C] = the first P that has it',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: whole },
    y: { access: 'write', element: 'f32', half: true, length: pooled },
    place: { access: 'write', element: 'u32', length: pooled },
  },
  algorithms: [workgroup, ...serial],
  flops: whole,
  reference(d, { x, y, place }) {
    const P = dim(d, 'P'), C = dim(d, 'C')
    for (let n = 0; n < dim(d, 'N'); n++) for (let c = 0; c < C; c++) {
      let best = 0
      for (let p = 1; p < P; p++) if (x![(n * P + p) * C + c]! > x![(n * P + best) * C + c]!) best = p
      y![n * C + c] = x![(n * P + best) * C + c]!
      place![n * C + c] = best
    }
  },
  probes,
})

export const globalMaxGradient = defineKernel({
  name: 'global-max-gradient',
  formula: 'dx[N,P,C] = dy[N,C] where P is place[N,C], else 0',
  buffers: {
    dy: { access: 'read', element: 'f32', half: true, length: pooled },
    place: { access: 'read', element: 'u32', length: pooled, range: (d) => [0, dim(d, 'P')] },
    dx: { access: 'write', element: 'f32', half: true, length: whole },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/pool/global-max-gradient.wgsl', elements: whole, vectors: ['dy', 'dx'], divides }),
  flops: whole,
  reference(d, { dy, place, dx }) {
    const P = dim(d, 'P'), C = dim(d, 'C')
    for (let i = 0; i < whole(d); i++) {
      const from = Math.floor(i / (P * C)) * C + i % C
      dx![i] = place![from] === Math.floor(i / C) % P ? dy![from]! : 0
    }
  },
  probes,
})
