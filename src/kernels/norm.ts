// Normalisation of each example by statistics of its own, forward and backward: layer norm (Ba et al. 2016, arXiv 1607.06450)
// with P = G = 1, RMS norm (Zhang and Sennrich 2019, arXiv 1910.07467) with RMS = 1, group norm (Wu and He 2018, arXiv 1803.08494).
// Gradients of the params are sums over all rows: they come as CHUNKS partial sums, so that enough invocations are busy.
import { bitsFloat, ceilDiv, floatBits } from '../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Consts, type Dims, type NumberArray, type OneDispatch } from './kernel.ts'
import { bySubgroups } from './subgroups.ts'

const cells = (d: Dims): number => dim(d, 'N') * dim(d, 'G')
const channels = (d: Dims): number => dim(d, 'C')
const rows = (d: Dims): number => dim(d, 'N') * dim(d, 'P')
const elements = (d: Dims): number => rows(d) * channels(d)
const partials = (d: Dims): number => dim(d, 'CHUNKS') * channels(d)
const is = (flag: string) => (d: Dims): boolean => d[flag] === 1
const positive = (): readonly [number, number] => [0.25, 2]

const VIEWS = ['x', 'y', 'dy', 'dx', 'scale', 'shift', 'dscale', 'dshift']
const vectors = (names: readonly string[]): Readonly<Record<string, 'vec4<f32>'>> => Object.fromEntries(names.map((name) => [name, 'vec4<f32>' as const]))

/** Channels of a group. */
const groupSize = (d: Dims): number => channels(d) / dim(d, 'G')
/** Groups of one and two channels come in vec4s of several groups. */
const divides = (d: Dims): boolean => channels(d) % 4 === 0 && (groupSize(d) % 4 === 0 || groupSize(d) <= 2)

/** Rows of vec4s where a group's channels allow, and of single elements. */
function byWidth(algorithm: Omit<OneDispatch, 'views'>, buffers: readonly string[]): readonly Algorithm[] {
  const views = vectors(VIEWS.filter((name) => buffers.includes(name)))
  return [4, 1].map((WIDTH) => ({
    ...algorithm,
    name: WIDTH === 4 ? `${algorithm.name}-vec4` : algorithm.name,
    variants: algorithm.variants.map((row) => ({ ...row, WIDTH })),
    ...(WIDTH === 4 ? { views: () => views } : {}),
    fits: (d, c, gpu) => (algorithm.fits?.(d, c, gpu) ?? true) && (WIDTH === 1 || divides(d)),
  }))
}

/** What invocations are made for: cells, or vec4s of small ones. */
const sums = (d: Dims, c: Consts): number => (dim(c, 'WIDTH') === 4 ? Math.min(cells(d), dim(d, 'N') * channels(d) / 4) : cells(d))

function cellAlgorithms(name: 'forward' | 'input-gradient', buffers: readonly string[]): readonly Algorithm[] {
  const includes = ['kernels/norm/cell.wgsl', `kernels/norm/${name}.wgsl`]
  const workgroup: OneDispatch = {
    name: 'workgroup',
    suits: 'gpu',
    shader: `kernels/norm/${name}-workgroup.wgsl`,
    includes,
    variants: [{ X: 32, Y: 4 }, { X: 128, Y: 1 }, { X: 8, Y: 16 }],
    grid: (d, c) => linearGrid(sums(d, c), dim(c, 'Y')),
  }
  return [
    ...byWidth(workgroup, buffers),
    // A cell for the whole workgroup, where it is large enough.
    ...byWidth(bySubgroups({ ...workgroup, variants: [{ X: 128, Y: 1 }], fits: (d, c) => 4 * elements(d) >= cells(d) * dim(c, 'WIDTH') * dim(c, 'X') }), buffers),
    ...byWidth({
      name: 'serial',
      suits: 'software',
      shader: `kernels/norm/${name}-serial.wgsl`,
      includes,
      variants: [{ X: 4 }],
      grid: (d, c) => linearGrid(sums(d, c), dim(c, 'X')),
    }, buffers),
  ]
}

/** Calls `visit` with the number of each cell, its first channel and the offset of each of its elements. */
function eachCell(d: Dims, visit: (cell: number, each: (use: (at: number, c: number) => void) => void) => void): void {
  const P = dim(d, 'P'), C = channels(d), G = dim(d, 'G'), size = C / G
  for (let n = 0; n < dim(d, 'N'); n++) for (let g = 0; g < G; g++) {
    visit(n * G + g, (use) => {
      for (let p = 0; p < P; p++) for (let c = g * size; c < (g + 1) * size; c++) use((n * P + p) * C + c, c)
    })
  }
}

const EPSILON = floatBits(1e-5)
const layer = { N: 13, P: 1, C: 20, G: 1, RMS: 0 }
const shapes: readonly Dims[] = [layer, { ...layer, RMS: 1 }, { N: 3, P: 1, C: 7, G: 1, RMS: 0 }, { N: 3, P: 30, C: 24, G: 3, RMS: 0 }, { N: 5, P: 6, C: 15, G: 5, RMS: 0 }, { N: 2, P: 9, C: 6, G: 6, RMS: 0 }, { N: 2, P: 20, C: 16, G: 8, RMS: 0 }, { N: 3, P: 7, C: 12, G: 12, RMS: 0 }]

/** Where optional parts are left out too: compiling is dear, and no shape makes a difference to what is not there. Every row fits one of them. */
const withoutParts = [shapes[2]!, shapes[3]!]

export const norm = defineKernel({
  name: 'norm',
  formula: 'y[N,P,C] = (x[N,P,C] - mean[N,G]) * rstd[N,G] * scale[C] + shift[C]; mean and rstd = 1 / sqrt(variance + EPSILON) over P and the C/G channels of a group; mean = 0 where RMS = 1',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements },
    scale: { access: 'read', element: 'f32', length: channels, bound: is('SCALE') },
    shift: { access: 'read', element: 'f32', length: channels, bound: is('SHIFT') },
    y: { access: 'write', element: 'f32', half: true, length: elements },
    mean: { access: 'write', element: 'f32', length: cells, bound: (d) => d['RMS'] !== 1 },
    rstd: { access: 'write', element: 'f32', length: cells },
  },
  algorithms: cellAlgorithms('forward', ['x', 'scale', 'shift', 'y']),
  flops: (d) => 8 * elements(d),
  reference(d, { x, scale, shift, y, mean, rstd }) {
    const size = elements(d) / cells(d), epsilon = bitsFloat(dim(d, 'EPSILON'))
    eachCell(d, (cell, each) => {
      let sum = 0, squares = 0
      if (d['RMS'] !== 1) each((at) => { sum += x![at]! })
      const center = sum / size
      each((at) => { squares += (x![at]! - center) ** 2 })
      const deviation = 1 / Math.sqrt(squares / size + epsilon)
      each((at, c) => { y![at] = (x![at]! - center) * deviation * (d['SCALE'] === 1 ? scale![c]! : 1) + (d['SHIFT'] === 1 ? shift![c]! : 0) })
      if (d['RMS'] !== 1) mean![cell] = center
      rstd![cell] = deviation
    })
  },
  probes: [...shapes.map((s) => ({ ...s, SCALE: 1, SHIFT: 1 - dim(s, 'RMS'), EPSILON })), ...withoutParts.map((s) => ({ ...s, SCALE: 0, SHIFT: 0, EPSILON }))],
})

export const normInputGradient = defineKernel({
  name: 'norm-input-gradient',
  formula: 'dx[N,P,C] = rstd * (g - mean of g - z * mean of g * z), g = dy * scale, z = (x - mean) * rstd, means over P and the channels of a group (RMS: without the first)',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements },
    dy: { access: 'read', element: 'f32', half: true, length: elements },
    scale: { access: 'read', element: 'f32', length: channels, bound: is('SCALE') },
    mean: { access: 'read', element: 'f32', length: cells, bound: (d) => d['RMS'] !== 1 },
    rstd: { access: 'read', element: 'f32', length: cells, range: positive },
    dx: { access: 'write', element: 'f32', half: true, length: elements },
  },
  algorithms: cellAlgorithms('input-gradient', ['x', 'dy', 'scale', 'dx']),
  flops: (d) => 12 * elements(d),
  reference(d, { x, dy, scale, mean, rstd, dx }) {
    const size = elements(d) / cells(d)
    eachCell(d, (cell, each) => {
      const center = d['RMS'] === 1 ? 0 : mean![cell]!, deviation = rstd![cell]!
      const inner = (at: number, c: number): number => dy![at]! * (d['SCALE'] === 1 ? scale![c]! : 1)
      let sum = 0, products = 0
      each((at, c) => {
        if (d['RMS'] !== 1) sum += inner(at, c)
        products += inner(at, c) * (x![at]! - center) * deviation
      })
      each((at, c) => { dx![at] = deviation * (inner(at, c) - sum / size - (x![at]! - center) * deviation * products / size) })
    })
  },
  probes: [...shapes.map((s) => ({ ...s, SCALE: 1 })), ...withoutParts.map((s) => ({ ...s, SCALE: 0 }))],
})

export const normParamGradient = defineKernel({
  name: 'norm-param-gradient',
  formula: 'dscale[CHUNKS,C] = sum over the rows (N,P) of a chunk of dy * (x - mean[N,G]) * rstd[N,G]; dshift[CHUNKS,C] = sum of dy; rstd holds the variance where VARIANCE = 1',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: elements },
    dy: { access: 'read', element: 'f32', half: true, length: elements },
    mean: { access: 'read', element: 'f32', length: cells, bound: (d) => d['RMS'] !== 1 },
    rstd: { access: 'read', element: 'f32', length: cells, range: positive },
    dscale: { access: 'write', element: 'f32', length: partials },
    dshift: { access: 'write', element: 'f32', length: partials, bound: is('SHIFT') },
  },
  algorithms: paramGradientAlgorithms(['x', 'dy', 'dscale', 'dshift']),
  flops: (d) => 6 * elements(d),
  reference(d, { x, dy, mean, rstd, dscale, dshift }) {
    const P = dim(d, 'P'), C = channels(d), G = dim(d, 'G'), chunkRows = ceilDiv(rows(d), dim(d, 'CHUNKS')), epsilon = bitsFloat(dim(d, 'EPSILON'))
    const products = new Float64Array(partials(d)), sums = new Float64Array(partials(d))
    const deviation = (cell: number): number => (d['VARIANCE'] === 1 ? 1 / Math.sqrt(rstd![cell]! + epsilon) : rstd![cell]!)
    for (let row = 0; row < rows(d); row++) for (let c = 0; c < C; c++) {
      const cell = Math.floor(row / P) * G + Math.floor(c * G / C), to = Math.floor(row / chunkRows) * C + c
      const center = d['RMS'] === 1 ? 0 : mean![cell]!
      products[to]! += dy![row * C + c]! * (x![row * C + c]! - center) * deviation(cell)
      sums[to]! += dy![row * C + c]!
    }
    assign(dscale!, products)
    if (d['SHIFT'] === 1) assign(dshift!, sums)
  },
  probes: [
    ...shapes.map((s) => ({ ...s, CHUNKS: 4, VARIANCE: 0, SHIFT: 1 - dim(s, 'RMS'), EPSILON })),
    ...withoutParts.map((s) => ({ ...s, CHUNKS: 1, VARIANCE: 0, SHIFT: 0, EPSILON })),
    ...[8, 15, 16].map((C) => ({ N: 2, P: 12, C, G: C / (C % 8 === 0 ? 2 : 3), RMS: 0, CHUNKS: 4, VARIANCE: 0, SHIFT: 1, EPSILON })),
    ...[5, 8, 12].map((C) => ({ N: 1, P: 37, C, G: C, RMS: 0, CHUNKS: 6, VARIANCE: C % 2, SHIFT: 1, EPSILON })),
    // More chunks than rows need: the last are empty.
    { N: 1, P: 9, C: 8, G: 8, RMS: 0, CHUNKS: 7, VARIANCE: 1, SHIFT: 1, EPSILON },
  ],
})

function assign(to: NumberArray, from: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] = from[i]!
}

/** Whether every chunk of rows lies inside one example, so that its statistics need be read but once. */
const oneExample = (d: Dims): boolean => dim(d, 'N') === 1 || (dim(d, 'CHUNKS') % dim(d, 'N') === 0 && rows(d) % dim(d, 'CHUNKS') === 0)

function paramGradientAlgorithms(buffers: readonly string[]): readonly Algorithm[] {
  const includes = ['kernels/norm/param-gradient.wgsl']
  const views = vectors(buffers)
  const both = (algorithm: Algorithm): readonly Algorithm[] => [4, 1].flatMap((WIDTH) => [1, 0].map((HOISTED) => ({
    ...algorithm,
    name: [algorithm.name, ...(WIDTH === 4 ? ['vec4'] : []), ...(HOISTED === 1 ? ['hoisted'] : [])].join('-'),
    variants: algorithm.variants.map((row) => ({ ...row, WIDTH, HOISTED })),
    ...(WIDTH === 4 ? { views: () => views } : {}),
    fits: (d) => channels(d) % WIDTH === 0 && (HOISTED === 1) === oneExample(d),
  })))
  return [
    ...both({
      name: 'workgroup',
      suits: 'gpu',
      shader: 'kernels/norm/param-gradient-workgroup.wgsl',
      includes,
      variants: [{ X: 8, Y: 16 }, { X: 32, Y: 8 }],
      grid: (d, c) => [ceilDiv(channels(d) / dim(c, 'WIDTH'), dim(c, 'X')), dim(d, 'CHUNKS'), 1],
    }),
    ...both({
      name: 'serial',
      suits: 'software',
      shader: 'kernels/norm/param-gradient-serial.wgsl',
      includes,
      variants: [{ X: 4 }],
      grid: (d, c) => linearGrid(partials(d) / dim(c, 'WIDTH'), dim(c, 'X')),
    }),
  ]
}
