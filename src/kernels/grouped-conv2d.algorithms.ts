// How grouped and dilated convolutions run: as implicit matrix products on GPUs where there is one group, else directly,
// several filters (or, where each channel has a filter of its own, several channels) in a vec4. The filter gradient is a reduction over
// the pixels of the batch, which the invocations of a workgroup share; on software adapters workgroups make tiles of weights.
import { ceilDiv } from '../base/math.ts'
import { gemmAlgorithms } from './gemm.algorithms.ts'
import { dim, linearGrid, type Algorithm, type Dims } from './kernel.ts'
import { hasQuads } from './subgroups.ts'

const outputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'OH') * dim(d, 'OW')
const inputPixels = (d: Dims): number => dim(d, 'N') * dim(d, 'H') * dim(d, 'W')
const weights = (d: Dims): number => dim(d, 'KH') * dim(d, 'KW') * dim(d, 'C') / dim(d, 'G') * dim(d, 'F')
const depthwise = (d: Dims): boolean => d['C'] === d['G'] && d['F'] === d['G']

/** The buffers of a kernel that are vec4s where each channel has its own filter, and where filters are taken by fours. */
interface Vectors {
  readonly depthwise: readonly string[]
  readonly filters: readonly string[]
}

interface Direct {
  readonly shader: string
  readonly activation?: boolean
  readonly vectors: Vectors
  readonly rows: readonly { readonly X: number; readonly suits?: 'gpu' | 'software'; readonly LANES?: number }[]
  /** Elements that invocations are made for. */
  readonly elements: (d: Dims, DEPTHWISE: number, WIDTH: number) => number
}

function directAlgorithms({ shader, activation = false, vectors, rows, elements }: Direct): readonly Algorithm[] {
  return rows.flatMap(({ X, suits, LANES }) => [[1, 4], [1, 1], [0, 4], [0, 1]].map(([DEPTHWISE, WIDTH]): Algorithm => ({
    name: [DEPTHWISE === 1 ? 'depthwise' : 'direct', ...(LANES === undefined ? [] : ['lanes']), ...(WIDTH === 4 ? ['vec4'] : [])].join('-'),
    ...(suits === undefined ? {} : { suits }),
    shader: `kernels/grouped-conv2d/${shader}.wgsl`,
    ...(activation ? { includes: [WIDTH === 4 ? 'kernels/activation-vec4.wgsl' : 'kernels/activation.wgsl'] } : {}),
    variants: [{ X, WIDTH: WIDTH!, DEPTHWISE: DEPTHWISE!, ...(LANES === undefined ? {} : { LANES }) }],
    ...(WIDTH === 4 ? { views: () => Object.fromEntries((DEPTHWISE === 1 ? vectors.depthwise : vectors.filters).map((name) => [name, 'vec4<f32>' as const])) } : {}),
    fits: (d) => (DEPTHWISE === 1 ? depthwise(d) && dim(d, 'C') % WIDTH! === 0 : !depthwise(d) && (dim(d, 'F') / dim(d, 'G')) % WIDTH! === 0),
    grid: (d) => linearGrid(elements(d, DEPTHWISE!, WIDTH!) * (LANES ?? 1), X),
  })))
}

/** Dilated convolutions of all channels as products: one row of each sort, as they are rare and rows take long to compile. */
function gemm(name: string, problem: Omit<Parameters<typeof gemmAlgorithms>[0], 'includes'>): { readonly workgroupTiles: Algorithm; readonly slicedK: Algorithm } {
  const { workgroupTiles, slicedK } = gemmAlgorithms({ ...problem, includes: ['kernels/grouped-conv2d/taps.wgsl', `kernels/conv2d/${name}-problem.wgsl`] })
  const single = (algorithm: Algorithm): Algorithm => ({
    ...algorithm,
    variants: algorithm.variants.filter(({ X, ROWS }) => ROWS === 4 && (X === 8 || X === 64)),
    fits: (d, c, gpu) => d['G'] === 1 && (algorithm.fits?.(d, c, gpu) ?? true),
  })
  return { workgroupTiles: single(workgroupTiles[0]!), slicedK: single(slicedK) }
}

const taps = (d: Dims): number => dim(d, 'KH') * dim(d, 'KW')
const filters = (d: Dims): number => dim(d, 'F')
const forwardGemm = gemm('forward', { operands: ['x', 'w'], output: 'y', rows: outputPixels, columns: filters, depth: (d) => taps(d) * dim(d, 'C'), activation: true })
const inputGradientGemm = gemm('input-gradient', { operands: ['dy', 'w'], output: 'dx', rows: inputPixels, columns: (d) => dim(d, 'C'), depth: (d) => taps(d) * filters(d) })
const filterGradientGemm = gemm('filter-gradient', { operands: ['x', 'dy'], output: 'dw', rows: (d) => taps(d) * dim(d, 'C'), columns: filters, depth: outputPixels })

const ELEMENTS = [{ X: 64 }, { X: 4, suits: 'software' }] as const

export const groupedForwardAlgorithms: readonly Algorithm[] = [
  forwardGemm.workgroupTiles,
  ...directAlgorithms({
    shader: 'forward', activation: true, rows: ELEMENTS,
    vectors: { depthwise: ['x', 'w', 'bias', 'y'], filters: ['w', 'bias', 'y'] },
    elements: (d, _, width) => outputPixels(d) * filters(d) / width,
  }),
]

export const groupedInputGradientAlgorithms: readonly Algorithm[] = [
  inputGradientGemm.workgroupTiles,
  ...directAlgorithms({
    shader: 'input-gradient', rows: ELEMENTS,
    vectors: { depthwise: ['dy', 'w', 'dx'], filters: ['dy', 'w'] },
    elements: (d, depth, width) => inputPixels(d) * dim(d, 'C') / (depth === 1 ? width : 1),
  }),
]

/** Output pixels whose loads are shared: longer strips take longer to compile and were no faster. */
const STRIP = 4

/** Whether so many neighbouring taps read no more columns together than each for itself. */
const sharesColumns = (d: Dims, taps: number): boolean => (STRIP - 1) * dim(d, 'SW') + (taps - 1) * dim(d, 'DW') + 1 <= STRIP * taps

/** One tap by itself is for where three have nothing to share; a tile may reach one tap over the end of a kernel's row. */
const fitsTaps = (d: Dims, taps: number): boolean => (taps === 1 ? d['KW'] === 1 || !sharesColumns(d, 3) : dim(d, 'KW') >= taps - 1 && sharesColumns(d, taps))

interface Lines {
  readonly name: string
  /** Neighbouring taps of a row that a workgroup sums at once. */
  readonly taps: readonly number[]
  readonly consts: { readonly DEPTHWISE: number; readonly WIDTH: number; readonly CHANNELS: number }
  /** Buffers seen as vec4s. */
  readonly vectors: readonly string[]
  readonly fits: (d: Dims) => boolean
}

const divides = (count: number): boolean => count % 4 === 0
const groupChannels = (d: Dims): number => dim(d, 'C') / dim(d, 'G')
const groupFilters = (d: Dims): number => dim(d, 'F') / dim(d, 'G')

const lines: readonly Lines[] = [
  { name: 'depthwise-lines-vec4', taps: [3, 5, 1], consts: { DEPTHWISE: 1, WIDTH: 4, CHANNELS: 1 }, vectors: ['x', 'dy', 'dw'], fits: (d) => depthwise(d) && divides(dim(d, 'C')) },
  { name: 'depthwise-lines', taps: [3, 1], consts: { DEPTHWISE: 1, WIDTH: 1, CHANNELS: 1 }, vectors: [], fits: (d) => depthwise(d) && !divides(dim(d, 'C')) },
  { name: 'lines-channels', taps: [3, 1], consts: { DEPTHWISE: 0, WIDTH: 4, CHANNELS: 4 }, vectors: ['x', 'dy', 'dw'], fits: (d) => !depthwise(d) && divides(groupFilters(d)) && divides(groupChannels(d)) },
  { name: 'lines-vec4', taps: [3, 1], consts: { DEPTHWISE: 0, WIDTH: 4, CHANNELS: 1 }, vectors: ['dy', 'dw'], fits: (d) => !depthwise(d) && divides(groupFilters(d)) && !divides(groupChannels(d)) },
  { name: 'lines', taps: [3, 1], consts: { DEPTHWISE: 0, WIDTH: 1, CHANNELS: 1 }, vectors: [], fits: (d) => !depthwise(d) && !divides(groupFilters(d)) },
]

const lineAlgorithms: readonly Algorithm[] = lines.map(({ name, taps, consts, vectors, fits }) => ({
  name,
  suits: 'software',
  features: ['subgroups'],
  shader: 'kernels/grouped-conv2d/filter-gradient-lines.wgsl',
  variants: taps.map((TAPS) => ({ TAPS, STRIP, ...consts })),
  views: () => Object.fromEntries(vectors.map((vector) => [vector, 'vec4<f32>' as const])),
  fits: (d, c, gpu) => hasQuads(gpu) && fits(d) && fitsTaps(d, dim(c, 'TAPS')),
  workgroup: () => [4, 1, 1],
  grid: (d, c) => [dim(d, 'F') / consts.WIDTH, dim(d, 'KH') * ceilDiv(dim(d, 'KW'), dim(c, 'TAPS')) * groupChannels(d) / consts.CHANNELS, 1],
}))

export const groupedFilterGradientAlgorithms: readonly Algorithm[] = [
  filterGradientGemm.slicedK, filterGradientGemm.workgroupTiles,
  ...directAlgorithms({
    shader: 'filter-gradient', rows: [{ X: 128, LANES: 128, suits: 'gpu' }],
    vectors: { depthwise: ['x', 'dy', 'dw'], filters: ['dy', 'dw'] },
    elements: (d, _, width) => weights(d) / width,
  }),
  ...lineAlgorithms,
]
