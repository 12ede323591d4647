// Dynamic loss scaling (Micikevicius et al. 2018, arXiv 1710.03740), on the device from step to step: gradients that pass through
// f16 would vanish below 6e-8, so losses are multiplied by a power of two first. It grows while all is well; a step whose
// gradients are not all finite changes nothing but the scale, which shrinks.
import { ceilDiv } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type BufferDeclaration, type Dims } from './kernel.ts'

/** The state, which begins as zeros: how often the scale was doubled, good steps since it last changed, steps skipped, and whether this one is taken. */
export const LOSS_SCALE = { doublings: 0, good: 1, skipped: 2, taken: 3, length: 4 } as const

/** Exponents of two. */
export const INITIAL_EXPONENT = 16
const LOWEST_EXPONENT = 0, HIGHEST_EXPONENT = 24
/** Where the state's `doublings` end. */
export const LOWEST_DOUBLINGS = LOWEST_EXPONENT - INITIAL_EXPONENT

/** Good steps before the scale doubles. */
const GROWTH_INTERVAL = 2000

export const lossScaleOf = (state: ArrayLike<number>): number => 2 ** (INITIAL_EXPONENT + state[LOSS_SCALE.doublings]!)

/** Doublings are whole numbers: in probes of what reads them, 0. */
const state = (access: 'read' | 'update', bound?: BufferDeclaration['bound']): BufferDeclaration =>
  ({ access, element: 'f32', length: () => LOSS_SCALE.length, range: () => [0, access === 'read' ? 1 / 64 : 2], ...(bound === undefined ? {} : { bound }) })

/** Dims of the bounds, so that shader and reference have them from one place. */
const BOUNDS: Dims = { INITIAL: INITIAL_EXPONENT, LOWEST: LOWEST_EXPONENT, HIGHEST: HIGHEST_EXPONENT, INTERVAL: GROWTH_INTERVAL }

export const lossScaleDims = (N: number): Dims => ({ N, INITIAL: INITIAL_EXPONENT })

export const lossScale = defineKernel({
  name: 'loss-scale',
  formula: 'scale[N] = 2^(INITIAL + doublings); inverse[1] = 1 / scale',
  buffers: {
    state: state('read'),
    scale: { access: 'write', element: 'f32', length: (d) => dim(d, 'N') },
    inverse: { access: 'write', element: 'f32', length: () => 1 },
  },
  algorithms: [{
    name: 'linear',
    shader: 'kernels/loss-scale/scale.wgsl',
    includes: ['kernels/loss-scale/exponent.wgsl'],
    variants: [{ X: 64 }],
    grid: (d, c) => linearGrid(dim(d, 'N'), dim(c, 'X')),
  }],
  flops: (d) => dim(d, 'N'),
  reference(_d, { state, scale, inverse }) {
    scale!.fill(lossScaleOf(state!))
    inverse![0] = 1 / lossScaleOf(state!)
  },
  probes: [lossScaleDims(1), lossScaleDims(70)],
})

const blocks = (d: Dims): number => ceilDiv(dim(d, 'SIZE'), dim(d, 'SPAN'))

/** SCALED = 0: of gradients that were unscaled before. */
export const unscaleDims = (SIZE: number, SPAN: number, SCALED: 0 | 1): Dims => ({ SIZE, SPAN, SCALED, INITIAL: INITIAL_EXPONENT })

/** Number of sums that `unscale` leaves. */
export const unscalePartials = blocks

const finite = (value: number): boolean => Number.isFinite(Math.fround(value))

export const unscale = defineKernel({
  name: 'unscale',
  formula: 'SCALED = 1: grads[SIZE] /= scale; partials[b] = how many of grads[b * SPAN .. (b + 1) * SPAN] are not finite',
  buffers: {
    state: state('read', (d) => d['SCALED'] === 1),
    grads: { access: 'update', element: 'f32', length: (d) => dim(d, 'SIZE') },
    partials: { access: 'write', element: 'f32', length: blocks },
  },
  algorithms: (['workgroup', 'serial'] as const).map((name) => ({
    name,
    suits: name === 'serial' ? 'software' : 'gpu',
    shader: `kernels/loss-scale/unscale-${name}.wgsl`,
    includes: ['kernels/loss-scale/exponent.wgsl', 'kernels/loss-scale/unscale.wgsl'],
    variants: [{ X: name === 'serial' ? 4 : 64 }],
    views: () => ({ grads: 'vec4<f32>' as const }),
    fits: (d) => dim(d, 'SIZE') % 4 === 0 && dim(d, 'SPAN') % 4 === 0,
    grid: (d, c) => linearGrid(blocks(d), name === 'serial' ? dim(c, 'X') : 1),
  })),
  flops: (d) => 2 * dim(d, 'SIZE'),
  reference(d, { state, grads, partials }) {
    const inverse = d['SCALED'] === 1 ? 1 / lossScaleOf(state!) : 1, span = dim(d, 'SPAN')
    partials!.fill(0)
    for (let i = 0; i < dim(d, 'SIZE'); i++) {
      if (!finite(grads![i]!)) partials![Math.floor(i / span)]! += 1
      grads![i]! *= inverse
    }
  },
  probes: [unscaleDims(640, 64, 1), unscaleDims(256, 64, 0), unscaleDims(5000, 1024, 1)],
})

export const adjustDims = (PARTIALS: number): Dims => ({ PARTIALS, ...BOUNDS })

export const adjustLossScale = defineKernel({
  name: 'adjust-loss-scale',
  formula: 'taken = sum of partials[PARTIALS] is 0; taken ? every INTERVAL good steps doublings += 1 : doublings -= 1, skipped += 1; within LOWEST and HIGHEST',
  buffers: {
    partials: { access: 'read', element: 'f32', length: (d) => dim(d, 'PARTIALS'), range: () => [0, 1 / 32] },
    state: state('update'),
  },
  algorithms: [{
    name: 'workgroup',
    shader: 'kernels/loss-scale/adjust.wgsl',
    variants: [{ X: 64 }, { X: 4 }],
    grid: () => [1, 1, 1],
  }],
  flops: (d) => dim(d, 'PARTIALS'),
  reference(d, { partials, state }) {
    const { doublings, good, skipped, taken } = LOSS_SCALE
    let wrong = 0
    for (let i = 0; i < dim(d, 'PARTIALS'); i++) wrong += partials![i]!
    const grows = wrong === 0 && state![good]! + 1 >= dim(d, 'INTERVAL')
    const exponent = state![doublings]! + (wrong > 0 ? -1 : grows ? 1 : 0)
    state![doublings] = Math.min(dim(d, 'HIGHEST') - dim(d, 'INITIAL'), Math.max(dim(d, 'LOWEST') - dim(d, 'INITIAL'), exponent))
    state![good] = wrong > 0 || grows ? 0 : state![good]! + 1
    state![skipped]! += wrong > 0 ? 1 : 0
    state![taken] = wrong > 0 ? 0 : 1
  },
  // With an interval that ends at once, and at the highest scale.
  probes: [adjustDims(1), adjustDims(300), { ...adjustDims(1), INTERVAL: 1 }, { ...adjustDims(2), INTERVAL: 1, HIGHEST: INITIAL_EXPONENT }],
})
