// Batch norm (Ioffe and Szegedy 2015, arXiv 1502.03167) over rows [R, C], R being all positions of all examples of a batch.
// Statistics come from CHUNKS partial sums, so that few channels keep many invocations busy; the param gradients are
// norm-param-gradient of norm.ts, each channel being a group.
import { bitsFloat, ceilDiv, floatBits } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Dims } from './kernel.ts'
import { linearAlgorithms } from './linear.algorithms.ts'

const channels = (d: Dims): number => dim(d, 'C')
const elements = (d: Dims): number => dim(d, 'R') * channels(d)
const partials = (d: Dims): number => dim(d, 'CHUNKS') * channels(d)
const divides = (d: Dims): boolean => channels(d) % 4 === 0
const positive = (): readonly [number, number] => [0.25, 2]
const EPSILON = floatBits(1e-5)

const momentsAlgorithms: readonly Algorithm[] = (['workgroup', 'serial'] as const).flatMap((name) => [4, 1].map((WIDTH): Algorithm => ({
  name: WIDTH === 4 ? `${name}-vec4` : name,
  suits: name === 'serial' ? 'software' : 'gpu',
  shader: `kernels/batch-norm/moments-${name}.wgsl`,
  includes: ['kernels/batch-norm/moments.wgsl'],
  variants: (name === 'serial' ? [{ X: 4, Y: 1 }] : [{ X: 8, Y: 16 }, { X: 32, Y: 8 }]).map((row) => ({ ...row, WIDTH })),
  ...(WIDTH === 4 ? { views: () => ({ x: 'vec4<f32>', sums: 'vec4<f32>', squares: 'vec4<f32>' }), fits: divides } : {}),
  grid: (d, c) => (name === 'serial' ? linearGrid(partials(d) / WIDTH, dim(c, 'X')) : [ceilDiv(channels(d) / WIDTH, dim(c, 'X')), dim(d, 'CHUNKS'), 1]),
})))

export const channelMoments = defineKernel({
  name: 'channel-moments',
  formula: 'sums[CHUNKS,C] = sum over the rows of a chunk of x[R,C] - x[0,C]; squares[CHUNKS,C] = sum of their squares',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements },
    sums: { access: 'write', element: 'f32', length: partials },
    squares: { access: 'write', element: 'f32', length: partials },
  },
  algorithms: momentsAlgorithms,
  flops: (d) => 4 * elements(d),
  reference(d, { x, sums, squares }) {
    const C = channels(d), chunkRows = ceilDiv(dim(d, 'R'), dim(d, 'CHUNKS'))
    sums!.fill(0)
    squares!.fill(0)
    for (let row = 0; row < dim(d, 'R'); row++) for (let c = 0; c < C; c++) {
      const to = Math.floor(row / chunkRows) * C + c, difference = x![row * C + c]! - x![c]!
      sums![to]! += difference
      squares![to]! += difference ** 2
    }
  },
  probes: [{ R: 75, C: 8, CHUNKS: 3 }, { R: 40, C: 5, CHUNKS: 1 }, { R: 9, C: 12, CHUNKS: 7 }, { R: 33, C: 3, CHUNKS: 4 }],
})

export const channelStatistics = defineKernel({
  name: 'channel-statistics',
  formula: 'mean[C], variance[C] and rstd[C] = 1 / sqrt(variance + EPSILON) of x[R,C] over R, from the sums of channel-moments',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements },
    sums: { access: 'read', element: 'f32', length: partials },
    squares: { access: 'read', element: 'f32', length: partials, range: () => [4, 8] },
    mean: { access: 'write', element: 'f32', length: channels },
    variance: { access: 'write', element: 'f32', length: channels },
    rstd: { access: 'write', element: 'f32', length: channels },
  },
  algorithms: [{
    name: 'channels',
    shader: 'kernels/batch-norm/statistics.wgsl',
    variants: [{ X: 4 }, { X: 64 }],
    grid: (d, c) => [ceilDiv(channels(d), dim(c, 'X')), 1, 1],
  }],
  flops: (d) => 2 * partials(d),
  reference(d, { x, sums, squares, mean, variance, rstd }) {
    const C = channels(d), R = dim(d, 'R')
    for (let c = 0; c < C; c++) {
      let sum = 0, square = 0
      for (let at = c; at < partials(d); at += C) {
        sum += sums![at]!
        square += squares![at]!
      }
      const found = Math.max(square / R - (sum / R) ** 2, 0)
      mean![c] = x![c]! + sum / R
      variance![c] = found
      rstd![c] = 1 / Math.sqrt(found + bitsFloat(dim(d, 'EPSILON')))
    }
  },
  probes: [{ R: 10, C: 5, CHUNKS: 2, EPSILON }, { R: 40, C: 70, CHUNKS: 7, EPSILON }],
})

const rows = [{ R: 7, C: 8 }, { R: 5, C: 3 }, { R: 70, C: 16 }]
const flagged = rows.flatMap((d) => [0, 1].flatMap((VARIANCE) => [0, 1].map((SCALE) => ({ ...d, VARIANCE, SCALE, EPSILON }))))
const deviations = (d: Dims, rstd: number): number => (d['VARIANCE'] === 1 ? 1 / Math.sqrt(rstd + bitsFloat(dim(d, 'EPSILON'))) : rstd)
const scaled = (d: Dims): boolean => d['SCALE'] === 1
const moving = (d: Dims): boolean => d['VARIANCE'] === 0

const elementwise = (shader: string, vectors: readonly string[]): readonly Algorithm[] =>
  linearAlgorithms({ shader: `kernels/batch-norm/${shader}.wgsl`, elements, vectors, divides }).map((algorithm) => ({ ...algorithm, includes: ['kernels/batch-norm/deviation.wgsl'] }))

export const batchNormalise = defineKernel({
  name: 'batch-normalise',
  formula: 'y[R,C] = (x[R,C] - mean[C]) * rstd[C] * scale[C] + shift[C]; rstd holds the variance where VARIANCE = 1; no scale and shift where SCALE = 0',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements },
    mean: { access: 'read', element: 'f32', length: channels },
    rstd: { access: 'read', element: 'f32', length: channels, range: positive },
    scale: { access: 'read', element: 'f32', length: channels, bound: scaled },
    shift: { access: 'read', element: 'f32', length: channels, bound: scaled },
    y: { access: 'write', element: 'f32', half: true, length: elements },
  },
  algorithms: elementwise('normalise', ['x', 'mean', 'rstd', 'scale', 'shift', 'y']),
  flops: (d) => 4 * elements(d),
  reference(d, { x, mean, rstd, scale, shift, y }) {
    for (let i = 0; i < elements(d); i++) {
      const c = i % channels(d), value = (x![i]! - mean![c]!) * deviations(d, rstd![c]!)
      y![i] = scaled(d) ? value * scale![c]! + shift![c]! : value
    }
  },
  probes: flagged,
})

export const batchNormInputGradient = defineKernel({
  name: 'batch-norm-input-gradient',
  formula: 'dx[R,C] = scale * rstd * (dy - dshift / R - (x - mean) * rstd * dscale / R); where VARIANCE = 1, statistics are constants and rstd holds the variance: dx = scale * rstd * dy',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements, bound: moving },
    dy: { access: 'read', element: 'f32', half: true, length: elements },
    mean: { access: 'read', element: 'f32', length: channels, bound: moving },
    rstd: { access: 'read', element: 'f32', length: channels, range: positive },
    dscale: { access: 'read', element: 'f32', length: channels, bound: moving },
    dshift: { access: 'read', element: 'f32', length: channels, bound: moving },
    scale: { access: 'read', element: 'f32', length: channels, bound: scaled },
    dx: { access: 'write', element: 'f32', half: true, length: elements },
  },
  algorithms: elementwise('input-gradient', ['x', 'dy', 'mean', 'rstd', 'dscale', 'dshift', 'scale', 'dx']),
  flops: (d) => 8 * elements(d),
  reference(d, { x, dy, mean, rstd, dscale, dshift, scale, dx }) {
    const R = dim(d, 'R')
    for (let i = 0; i < elements(d); i++) {
      const c = i % channels(d), factor = deviations(d, rstd![c]!)
      const gradient = moving(d) ? dy![i]! - dshift![c]! / R - (x![i]! - mean![c]!) * factor * dscale![c]! / R : dy![i]!
      dx![i] = gradient * factor * (scaled(d) ? scale![c]! : 1)
    }
  },
  probes: flagged,
})

export const movingAverage = defineKernel({
  name: 'moving-average',
  formula: 'y[SIZE] = KEEP * y[SIZE] + TAKE * x[SIZE], factors given by their bits',
  buffers: {
    x: { access: 'read', element: 'f32', length: (d) => dim(d, 'SIZE') },
    y: { access: 'update', element: 'f32', length: (d) => dim(d, 'SIZE') },
  },
  algorithms: linearAlgorithms({ shader: 'kernels/moving-average.wgsl', elements: (d) => dim(d, 'SIZE'), vectors: ['x', 'y'], divides: (d) => dim(d, 'SIZE') % 4 === 0 }),
  flops: (d) => 3 * dim(d, 'SIZE'),
  reference(d, { x, y }) {
    const keep = bitsFloat(dim(d, 'KEEP')), take = bitsFloat(dim(d, 'TAKE'))
    for (let i = 0; i < dim(d, 'SIZE'); i++) y![i] = keep * y![i]! + take * x![i]!
  },
  probes: [{ SIZE: 7, KEEP: floatBits(0.9), TAKE: floatBits(0.1) }, { SIZE: 64, KEEP: floatBits(0.5), TAKE: floatBits(0.75) }],
})
