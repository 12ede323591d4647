// Convolutions of square kernels with stride 1 by Winograd's transform of tiles (shaders/kernels/conv2d/winograd/lines.wgsl):
// windows of the input and kernels become 64 points each, which are multiplied as 64 matrix products, and become tiles of the
// output; for a filter gradient, windows and tiles of the output's gradient become kernels. Images come in rounds, so that the
// points of all of them need not be in memory at once.
import { ceilDiv, roundUp } from '../base/math.ts'
import { dim, linearGrid, own, WORKSPACE, type Algorithm, type Consts, type Dims, type DispatchDeclaration, type SeveralDispatches } from './kernel.ts'
import { hasQuads } from './subgroups.ts'

const SIDE = 8
const POINTS = SIDE * SIDE

/** Rows and columns of outputs that a window of the input gives. */
const tileOf = (d: Dims): number => SIDE + 1 - dim(d, 'KW')
const tilesOf = (d: Dims): number => ceilDiv(dim(d, 'OH'), tileOf(d)) * ceilDiv(dim(d, 'OW'), tileOf(d))
const weights = (d: Dims): number => dim(d, 'C') * dim(d, 'F')

interface Round {
  readonly first: number
  readonly images: number
}

/** Images whose points fill a row's `ROUND_KIB` at most, evenly. */
function roundsOf(d: Dims, c: Consts): readonly Round[] {
  const images = dim(d, 'N')
  const most = Math.max(1, Math.floor(dim(c, 'ROUND_KIB') * 256 / (POINTS * tilesOf(d) * (dim(d, 'C') + dim(d, 'F')))))
  const each = ceilDiv(images, ceilDiv(images, most))
  return Array.from({ length: ceilDiv(images, each) }, (_, i) => ({ first: i * each, images: Math.min(each, images - i * each) }))
}

/** The tiles of a round, and of them in memory as many as divide by four. */
const stored = (d: Dims, { images }: Round): number => roundUp(images * tilesOf(d), 4)

function tiling(d: Dims, round: Round): Dims {
  const TILE = tileOf(d)
  return {
    TILE, TILES_X: ceilDiv(dim(d, 'OW'), TILE), TILES_Y: ceilDiv(dim(d, 'OH'), TILE), TILES: round.images * tilesOf(d), TILES_STORED: stored(d, round),
    FIRST_IMAGE: round.first, IMAGES: dim(d, 'N'),
  }
}

const file = (name: string): string => `kernels/conv2d/winograd/${name}.wgsl`
/** Four invocations for each of so many vec4s. */
const byFours = (vec4s: number): Pick<DispatchDeclaration, 'workgroup' | 'grid'> => ({ workgroup: [64, 1, 1], grid: linearGrid(4 * vec4s, 64) })
const byOnes = (elements: number): Pick<DispatchDeclaration, 'workgroup' | 'grid'> => ({ workgroup: [64, 1, 1], grid: linearGrid(elements, 64) })

/** Offsets are in vec4s. */
const inputPoints = (d: Dims, round: Round, x: string, to: number): DispatchDeclaration => ({
  shader: file('inputs'),
  includes: [file('quads'), file('lines'), file('tiles'), file('store-column')],
  binds: { x, [WORKSPACE]: WORKSPACE },
  ...byFours(stored(d, round) * dim(d, 'C') / 4),
  numbers: { ...tiling(d, round), BLOCKS: dim(d, 'C') / 4, IN_H: dim(d, 'H'), IN_W: dim(d, 'W'), PAD_TOP: dim(d, 'PT'), PAD_LEFT: dim(d, 'PL'), TO: to },
})

/** Where weights[KH,KW,C,F] of a convolution lie in w. */
type Taps = Readonly<Record<'FROM' | 'TO' | 'FIRST_TAP' | 'TAP_STEP', number>>

/** y = act(x * weights + bias), by the names of the call's buffers. */
function convolution(d: Dims, c: Consts, { x, y, taps }: { readonly x: string; readonly y: string; readonly taps: Taps }): readonly DispatchDeclaration[] {
  const [channels, filters] = [dim(d, 'C') / 4, dim(d, 'F') / 4]
  const ofWeights: DispatchDeclaration = {
    shader: file('weights'),
    includes: [file('lines'), file('evaluate'), file('scales')],
    binds: own('w', WORKSPACE),
    views: { [WORKSPACE]: 'f32' },
    ...byOnes(weights(d)),
    numbers: { ...taps, COUNT: dim(d, 'KW'), SIZE: weights(d), FILTERS: dim(d, 'F') },
  }
  return [ofWeights, ...roundsOf(d, c).flatMap((round): readonly DispatchDeclaration[] => {
    const tiles = stored(d, round)
    const inputs = POINTS * weights(d) / 4
    const products = inputs + POINTS * tiles * channels
    return [
      inputPoints(d, round, x, inputs),
      {
        shader: file('products'),
        binds: own(WORKSPACE),
        workgroup: [4, 1, 1],
        grid: [ceilDiv(filters, 4 * dim(c, 'COLUMN_BLOCKS')), ceilDiv(tiles, 4 * dim(c, 'ROWS')), POINTS],
        numbers: { TILES_STORED: tiles, DEPTH: channels, BLOCKS: filters, INPUTS: inputs, WEIGHTS: 0, TO: products },
      },
      {
        shader: file('outputs'),
        includes: ['kernels/activation-vec4.wgsl', file('quads'), file('lines'), file('interpolate'), file('tiles')],
        binds: { [WORKSPACE]: WORKSPACE, bias: 'bias', y },
        ...byFours(tiles * filters),
        numbers: { ...tiling(d, round), COUNT: tileOf(d), BLOCKS: filters, OUT_H: dim(d, 'OH'), OUT_W: dim(d, 'OW'), FROM: products },
      },
    ]
  })]
}

const pointsOf = (d: Dims, c: Consts): number => POINTS * stored(d, roundsOf(d, c)[0]!) * (dim(d, 'C') + dim(d, 'F'))

/** Fewer channels or filters are sooner done in strips. */
const FEWEST = 12

/** For adapters whose four invocations are one SIMD unit. */
const winograd: Pick<SeveralDispatches, 'name' | 'suits' | 'features' | 'variants'> & Required<Pick<SeveralDispatches, 'fits'>> = {
  name: 'winograd',
  suits: 'software',
  features: ['subgroups'],
  variants: [{ ROWS: 8, COLUMN_BLOCKS: 1, ROUND_KIB: 8192 }, { ROWS: 8, COLUMN_BLOCKS: 2, ROUND_KIB: 8192 }],
  fits: (d, _, gpu) => hasQuads(gpu) && d['KH'] === d['KW'] && (d['KW'] === 3 || d['KW'] === 5) && d['SH'] === 1 && d['SW'] === 1
    && ['C', 'F'].every((key) => dim(d, key) % 4 === 0 && dim(d, key) >= FEWEST),
}

export const winogradForward: Algorithm = {
  ...winograd,
  views: () => ({ x: 'vec4<f32>', bias: 'vec4<f32>', y: 'vec4<f32>', [WORKSPACE]: 'vec4<f32>' }),
  workspace: (d, c) => POINTS * weights(d) + pointsOf(d, c),
  dispatches: (d, c) => convolution(d, c, { x: 'x', y: 'y', taps: { FROM: dim(d, 'F'), TO: 1, FIRST_TAP: 0, TAP_STEP: 1 } }),
}

/** `turned` gives the convolution that an input gradient is, where it is one. */
export const winogradInputGradient = (turned: (d: Dims) => Dims, isConvolution: (d: Dims) => boolean): Algorithm => ({
  ...winograd,
  views: () => ({ dy: 'vec4<f32>', dx: 'vec4<f32>', [WORKSPACE]: 'vec4<f32>' }),
  fits: (d, c, gpu) => isConvolution(d) && winograd.fits(d, c, gpu),
  workspace: (d, c) => POINTS * weights(d) + pointsOf(turned(d), c),
  dispatches: (d, c) => convolution(turned(d), c, { x: 'dy', y: 'dx', taps: { FROM: 1, TO: dim(d, 'F'), FIRST_TAP: dim(d, 'KH') * dim(d, 'KW') - 1, TAP_STEP: -1 } }),
})

/** Each round leaves a part of the sums. */
export const winogradFilterGradient: Algorithm = {
  ...winograd,
  variants: [{ ROWS: 2, ROUND_KIB: 8192 }, { ROWS: 1, ROUND_KIB: 8192 }],
  views: () => ({ x: 'vec4<f32>', dy: 'vec4<f32>', [WORKSPACE]: 'vec4<f32>' }),
  workspace: (d, c) => POINTS * weights(d) * roundsOf(d, c).length + pointsOf(d, c),
  dispatches(d, c) {
    const [channels, filters] = [dim(d, 'C') / 4, dim(d, 'F') / 4]
    const rounds = roundsOf(d, c)
    const part = POINTS * weights(d) / 4
    const inputs = part * rounds.length
    return [
      ...rounds.flatMap((round, i): readonly DispatchDeclaration[] => {
        const tiles = stored(d, round)
        const gradients = inputs + POINTS * tiles * channels
        return [
          inputPoints(d, round, 'x', inputs),
          {
            shader: file('gradients'),
            includes: [file('quads'), file('lines'), file('evaluate'), file('tiles'), file('store-column')],
            binds: own('dy', WORKSPACE),
            ...byFours(tiles * filters),
            numbers: { ...tiling(d, round), COUNT: tileOf(d), BLOCKS: filters, OUT_H: dim(d, 'OH'), OUT_W: dim(d, 'OW'), TO: gradients },
          },
          {
            shader: file('sums'),
            binds: own(WORKSPACE),
            workgroup: [4, 1, 1],
            grid: [ceilDiv(filters, 4), ceilDiv(channels, 4 * dim(c, 'ROWS')), POINTS],
            numbers: { TILES_STORED: tiles, DEPTH: channels, BLOCKS: filters, INPUTS: inputs, GRADIENTS: gradients, TO: i * part },
          },
        ]
      }),
      {
        shader: file('filters'),
        includes: [file('lines'), file('interpolate'), file('scales')],
        binds: own(WORKSPACE, 'dw'),
        views: { [WORKSPACE]: 'f32' },
        ...byOnes(weights(d)),
        numbers: { COUNT: dim(d, 'KW'), SIZE: weights(d), PARTS: rounds.length },
      },
    ]
  },
}
