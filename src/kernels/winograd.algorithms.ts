// Convolutions of square kernels with stride 1 by Winograd's transform of tiles (shaders/kernels/conv2d/winograd/lines.wgsl):
// windows of the input and kernels become 64 points each, which are multiplied as 64 matrix products, and become tiles of the
// output; for a filter gradient, windows and tiles of the output's gradient become kernels. Images come in rounds, so that the
// points of all of them need not be in memory at once.
import { ceilDiv, roundUp } from '../base/math.ts'
import {
  dim, linearGrid, RESULTS, WORKSPACE,
  type Algorithm, type Consts, type Dims, type DispatchDeclaration, type SeveralDispatches, type Workspace, type WorkspacePart, type WrittenPart,
} from './kernel.ts'
import { quadProducts } from './matmul.algorithms.ts'
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
/** Four invocations for each row of tiles of a channel; a layer more where memory has more tiles than the images. */
const byRows = (d: Dims, channels: number, tiles: number): Pick<DispatchDeclaration, 'workgroup' | 'grid'> =>
  ({ workgroup: [64, 1, 1], grid: [ceilDiv(channels, 16), ceilDiv(dim(d, 'OH'), tileOf(d)), ceilDiv(tiles, tilesOf(d))] })
const byOnes = (elements: number): Pick<DispatchDeclaration, 'workgroup' | 'grid'> => ({ workgroup: [64, 1, 1], grid: linearGrid(elements, 64) })

/** For so many numbers at each point, after so many others. */
const partOf = (of: Workspace, numbers: number, after = 0): WorkspacePart => ({ of, offset: POINTS * after, length: POINTS * numbers })
const written = (part: WorkspacePart): WrittenPart => ({ ...part, written: true })

/** Tiles of a buffer, COUNT by COUNT, evaluated by what `evaluate` names. */
interface Evaluated {
  readonly x: string
  readonly points: WorkspacePart
  readonly evaluate: 'windows' | 'evaluate'
  readonly channels: number
  readonly numbers: Readonly<Record<'COUNT' | 'HEIGHT' | 'WIDTH' | 'PAD_TOP' | 'PAD_LEFT', number>>
}

const pointsOf = (d: Dims, round: Round, { x, points, evaluate, channels, numbers }: Evaluated): DispatchDeclaration => ({
  shader: file('points'),
  includes: [file('quads'), file('lines'), file('tiles'), file(evaluate)],
  binds: { x, points: written(points) },
  ...byRows(d, channels, stored(d, round)),
  numbers: { ...tiling(d, round), CHANNELS: channels, ...numbers },
})

const windowPoints = (d: Dims, round: Round, x: string, points: WorkspacePart): DispatchDeclaration => pointsOf(d, round, {
  x, points, evaluate: 'windows', channels: dim(d, 'C'),
  numbers: { COUNT: SIDE, HEIGHT: dim(d, 'H'), WIDTH: dim(d, 'W'), PAD_TOP: dim(d, 'PT'), PAD_LEFT: dim(d, 'PL') },
})

const gradientPoints = (d: Dims, round: Round, points: WorkspacePart): DispatchDeclaration => pointsOf(d, round, {
  x: 'dy', points, evaluate: 'evaluate', channels: dim(d, 'F'),
  numbers: { COUNT: tileOf(d), HEIGHT: dim(d, 'OH'), WIDTH: dim(d, 'OW'), PAD_TOP: 0, PAD_LEFT: 0 },
})

/** Where weights[KH,KW,C,F] of a convolution lie in w. */
type Taps = Readonly<Record<'FROM' | 'TO' | 'FIRST_TAP' | 'TAP_STEP', number>>

/** y = act(x * weights + bias), by the names of the call's buffers. */
function convolution(d: Dims, c: Consts, { x, y, taps }: { readonly x: string; readonly y: string; readonly taps: Taps }): readonly DispatchDeclaration[] {
  const [C, F] = [dim(d, 'C'), dim(d, 'F')]
  const ofWeights: DispatchDeclaration = {
    shader: file('weights'),
    includes: [file('lines'), file('evaluate'), file('scales')],
    binds: { w: 'w', points: written(partOf(WORKSPACE, C * F)) },
    ...byOnes(C * F),
    numbers: { ...taps, COUNT: dim(d, 'KW'), SIZE: C * F, FILTERS: F },
  }
  return [ofWeights, ...roundsOf(d, c).flatMap((round): readonly DispatchDeclaration[] => {
    const tiles = stored(d, round)
    const windows = partOf(WORKSPACE, tiles * C, C * F)
    const outputs = partOf(RESULTS, tiles * F)
    return [
      windowPoints(d, round, x, windows),
      quadProducts({ M: tiles, K: C, N: F, TA: 0, TB: 0, layers: POINTS }, c, { a: windows, b: partOf(WORKSPACE, C * F), c: written(outputs) }),
      {
        shader: file('outputs'),
        includes: ['kernels/activation.wgsl', file('quads'), file('lines'), file('interpolate'), file('tiles')],
        binds: { points: outputs, bias: 'bias', y },
        ...byRows(d, F, round.images * tilesOf(d)),
        numbers: { ...tiling(d, round), COUNT: tileOf(d), CHANNELS: F, OUT_H: dim(d, 'OH'), OUT_W: dim(d, 'OW') },
      },
    ]
  })]
}

/** Points of the tiles of a round, of each channel and filter. */
const tilePoints = (d: Dims, c: Consts): number => POINTS * stored(d, roundsOf(d, c)[0]!)
const convolutionSpace = (d: Dims, c: Consts): number => POINTS * weights(d) + tilePoints(d, c) * dim(d, 'C')
const convolutionResults = (d: Dims, c: Consts): number => tilePoints(d, c) * dim(d, 'F')

/** Multiply-adds that transforming a number costs as much as, measured on SwiftShader: 45 to 130, the fewer channels the fewer. */
const TRANSFORM_COST = 60
/** Few channels, small kernels, few images and ones that tiles do not fill are sooner done without a transform. `kernels`: how often weights or their gradients are transformed. */
function pays(d: Dims, kernels = 1): boolean {
  const tiles = dim(d, 'N') * tilesOf(d)
  const transformed = tiles * (dim(d, 'C') + dim(d, 'F')) + kernels * weights(d)
  return POINTS * (tiles * weights(d) + TRANSFORM_COST * transformed) < dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW') * dim(d, 'KH') * dim(d, 'KW') * weights(d)
}

/** What the points of a round's images fill at most. */
const ROUND_KIB = 8192
/** Of quad-tiles, with single steps of K, as there are few channels. */
const rowsOf = (...tiles: readonly (readonly [rows: number, blocks: number])[]): readonly Consts[] => tiles.map(([ROWS, BLOCKS]) => ({ ROWS, BLOCKS, DEPTH: 1, ROUND_KIB }))

/** Elements of both workspaces at most, 32 MiB. */
const MOST_SPACE = 2 ** 23

/** For adapters whose four invocations are one SIMD unit. */
function winograd(rows: Pick<SeveralDispatches, 'variants' | 'dispatches'> & Required<Pick<SeveralDispatches, 'workspace' | 'results' | 'likely'>>): SeveralDispatches {
  return {
    ...rows,
    name: 'winograd',
    suits: 'software',
    features: ['subgroups'],
    fits: (d, c, gpu) => hasQuads(gpu) && d['KH'] === d['KW'] && (d['KW'] === 3 || d['KW'] === 5) && d['SH'] === 1 && d['SW'] === 1
      && dim(d, 'C') % 4 === 0 && dim(d, 'F') % 4 === 0 && rows.workspace(d, c) + rows.results(d, c) <= MOST_SPACE,
  }
}

export const winogradForward: Algorithm = winograd({
  variants: rowsOf([8, 1], [4, 1], [8, 2]),
  likely: pays,
  workspace: convolutionSpace,
  results: convolutionResults,
  dispatches: (d, c) => convolution(d, c, { x: 'x', y: 'y', taps: { FROM: dim(d, 'F'), TO: 1, FIRST_TAP: 0, TAP_STEP: 1 } }),
})

/** `turned` gives the convolution that an input gradient is, where it is one. */
export function winogradInputGradient(turned: (d: Dims) => Dims, isConvolution: (d: Dims) => boolean): Algorithm {
  const algorithm = winograd({
    variants: rowsOf([8, 1], [4, 1], [8, 2]),
    likely: (d) => pays(turned(d)),
    workspace: (d, c) => convolutionSpace(turned(d), c),
    results: (d, c) => convolutionResults(turned(d), c),
    dispatches: (d, c) => convolution(turned(d), c, { x: 'dy', y: 'dx', taps: { FROM: 1, TO: dim(d, 'F'), FIRST_TAP: dim(d, 'KH') * dim(d, 'KW') - 1, TAP_STEP: -1 } }),
  })
  return { ...algorithm, fits: (d, c, gpu) => isConvolution(d) && algorithm.fits!(d, c, gpu) }
}

/** Each round leaves a part of the sums. */
export const winogradFilterGradient: Algorithm = winograd({
  // Begun with what a dense layer's gradient may begin with.
  variants: rowsOf([4, 1], [8, 1], [8, 2]),
  likely: (d) => pays(d, roundsOf(d, { ROUND_KIB }).length),
  workspace: (d, c) => tilePoints(d, c) * (dim(d, 'C') + dim(d, 'F')),
  results: (d, c) => POINTS * weights(d) * roundsOf(d, c).length,
  dispatches(d, c) {
    const [C, F] = [dim(d, 'C'), dim(d, 'F')]
    const rounds = roundsOf(d, c)
    return [
      ...rounds.flatMap((round, i): readonly DispatchDeclaration[] => {
        const tiles = stored(d, round)
        const windows = partOf(WORKSPACE, tiles * C)
        const outputs = partOf(WORKSPACE, tiles * F, tiles * C)
        return [
          windowPoints(d, round, 'x', windows),
          gradientPoints(d, round, outputs),
          quadProducts({ M: C, K: tiles, N: F, TA: 1, TB: 0, layers: POINTS }, c, { a: windows, b: outputs, c: written(partOf(RESULTS, C * F, i * C * F)) }),
        ]
      }),
      {
        shader: file('filters'),
        includes: [file('lines'), file('interpolate'), file('scales')],
        binds: { points: partOf(RESULTS, rounds.length * C * F), dw: 'dw' },
        ...byOnes(C * F),
        numbers: { COUNT: dim(d, 'KW'), SIZE: C * F, PARTS: rounds.length },
      },
    ]
  },
})
