// Norms of gradients in two stages, without atomics, so that one adapter always gets the same: sums of squares of blocks
// of the arena, then from these the scale that optimizers multiply by. Pascanu et al. 2013, arXiv 1211.5063.
import { defineKernel, dim, linearGrid, type Dims } from '../kernel.ts'
import { BLOCK, CLIP, gradientOf, HYPER, hyperBuffer, hyperOf } from './problem.ts'

const blocks = (d: Dims): number => Math.ceil(dim(d, 'SIZE') / dim(d, 'SPAN'))
const squaresProbe = (SIZE: number, SPAN: number, REGULARISED: number): Dims =>
  ({ SIZE, SPAN, REGULARISED, GROUP: REGULARISED, HYPER: 2 * HYPER.length, FIRST: 2, PARTIALS: 3 + Math.ceil(SIZE / SPAN) })

/** Of one group; its sums go to partials[FIRST..]. */
export const gradientSquares = defineKernel({
  name: 'gradient-squares',
  formula: 'partials[FIRST + b] = sum of gradient^2 over elements b * SPAN .. (b + 1) * SPAN, regularised but not clipped',
  buffers: {
    params: { access: 'read', element: 'f32', length: (d) => dim(d, 'SIZE'), bound: (d) => d['REGULARISED'] === 1 },
    grads: { access: 'read', element: 'f32', length: (d) => dim(d, 'SIZE') },
    hyper: hyperBuffer,
    partials: { access: 'update', element: 'f32', length: (d) => dim(d, 'PARTIALS') },
  },
  algorithms: [
    {
      name: 'workgroup',
      suits: 'gpu',
      shader: 'kernels/optimizers/gradient-squares-workgroup.wgsl',
      includes: ['kernels/optimizers/gradient.wgsl'],
      variants: [{ X: 64 }, { X: 256 }],
      views: () => ({ params: 'vec4<f32>', grads: 'vec4<f32>' }),
      fits: (d, c) => dim(d, 'SPAN') >= 4 * dim(c, 'X'),
      grid: (d) => linearGrid(blocks(d), 1),
    },
    {
      name: 'serial',
      shader: 'kernels/optimizers/gradient-squares-serial.wgsl',
      includes: ['kernels/optimizers/gradient.wgsl'],
      variants: [{ X: 64 }, { X: 4 }],
      views: () => ({ params: 'vec4<f32>', grads: 'vec4<f32>' }),
      grid: (d, c) => linearGrid(blocks(d), dim(c, 'X')),
    },
  ],
  flops: (d) => 3 * dim(d, 'SIZE'),
  reference(d, b) {
    const gradient = gradientOf(d, b)
    const size = dim(d, 'SIZE'), span = dim(d, 'SPAN')
    for (let block = 0; block < blocks(d); block++) {
      let sum = 0
      for (let i = block * span; i < Math.min(size, (block + 1) * span); i++) sum += gradient(i) ** 2
      b['partials']![dim(d, 'FIRST') + block] = sum
    }
  },
  probes: [squaresProbe(640, BLOCK, 0), squaresProbe(256, BLOCK, 1), squaresProbe(5000, 1024, 1), squaresProbe(2048, 512, 0)],
})

/** Of what the global norm's `scales` buffer holds; the rest is unused. */
export const SCALES = { scale: 0, norm: 1, length: 4 } as const

/** From blocks' squares to scales: -1 (leave the params as they are) where a norm is not finite. */
export const clipScales = defineKernel({
  name: 'clip-scales',
  formula: 'norm = sqrt(sum of partials); scale = norm finite ? min(1, limit / norm) : -1; of all (scales[0], norm in scales[1]) or, where CLIP = 3, of the tensor that each block lies in',
  buffers: {
    partials: { access: 'read', element: 'f32', length: (d) => dim(d, 'PARTIALS'), range: () => [0, 1] },
    hyper: hyperBuffer,
    /** Blocks of each tensor. */
    counts: { access: 'read', element: 'u32', length: (d) => dim(d, 'TENSORS'), bound: (d) => d['CLIP'] === CLIP.norm, range: (d) => [0, Math.floor(dim(d, 'PARTIALS') / dim(d, 'TENSORS')) + 1] },
    scales: { access: 'update', element: 'f32', length: (d) => dim(d, 'SCALES') },
  },
  algorithms: [{
    name: 'workgroup',
    shader: 'kernels/optimizers/clip-scales.wgsl',
    variants: [{ X: 64 }, { X: 256 }, { X: 4 }],
    grid: (d) => linearGrid(dim(d, 'TENSORS'), 1),
  }],
  flops: (d) => dim(d, 'PARTIALS'),
  reference(d, b) {
    const limit = hyperOf(d, b)('limit'), partials = b['partials']!, scales = b['scales']!
    const each = d['CLIP'] === CLIP.norm
    for (let tensor = 0, start = 0; tensor < dim(d, 'TENSORS'); tensor++) {
      const end = each ? start + b['counts']![tensor]! : dim(d, 'PARTIALS')
      let sum = 0
      for (let i = start; i < end; i++) sum += partials[i]!
      const norm = Math.sqrt(sum)
      const scale = Number.isFinite(norm) ? (norm > limit ? limit / norm : 1) : -1
      if (each) scales.fill(scale, start, end)
      else {
        scales[SCALES.scale] = scale
        scales[SCALES.norm] = norm
      }
      start = end
    }
  },
  probes: [
    { PARTIALS: 40, TENSORS: 3, CLIP: CLIP.norm, SCALES: 40, GROUP: 0, HYPER: HYPER.length },
    { PARTIALS: 300, TENSORS: 1, CLIP: CLIP.globalNorm, SCALES: SCALES.length, GROUP: 0, HYPER: HYPER.length },
    { PARTIALS: 1, TENSORS: 1, CLIP: CLIP.globalNorm, SCALES: SCALES.length, GROUP: 0, HYPER: 2 * HYPER.length },
  ],
})
