// A tensor with its axes in another order. Axes that stay neighbours count as one, so few calls have more than three.
import { ceilDiv, product } from '../../base/math.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Dims } from '../kernel.ts'

export const MOST_AXES = 6

/** Sizes of the output's axes, and the distance in x of neighbours along each. */
const sizes = (d: Dims): readonly number[] => Array.from({ length: dim(d, 'RANK') }, (_, k) => dim(d, `SIZE${k}`))
const strides = (d: Dims): readonly number[] => Array.from({ length: dim(d, 'RANK') }, (_, k) => dim(d, `STRIDE${k}`))
const length = (d: Dims): number => product(sizes(d))

/** Dims of x[shape] with its axes in the order `axes`: axes of one stay away, and those that stay side by side become one. */
export function transposeDims(shape: readonly number[], axes: readonly number[]): Dims {
  const merged: { size: number; stride: number }[] = []
  for (const axis of axes) {
    const size = shape[axis]!, stride = product(shape.slice(axis + 1))
    const last = merged.at(-1)
    if (size === 1) continue
    if (last !== undefined && last.stride === size * stride) Object.assign(last, { size: last.size * size, stride })
    else merged.push({ size, stride })
  }
  if (merged.length === 0) merged.push({ size: 1, stride: 1 })
  return Object.assign({ RANK: merged.length }, ...merged.map(({ size, stride }, k) => ({ [`SIZE${k}`]: size, [`STRIDE${k}`]: stride })))
}

/** The last axis stays in place, or moves: where it stays, vec4s stay whole. */
const keepsRows = (d: Dims): boolean => strides(d).at(-1) === 1

const linear = (WIDTH: 1 | 4): Algorithm => ({
  name: WIDTH === 4 ? 'vec4' : 'scalar',
  shader: 'kernels/shape/transpose.wgsl',
  variants: [64, 256].map((X) => ({ X, WIDTH })),
  generate: (d) => source(d, WIDTH),
  ...(WIDTH === 4 ? {
    views: () => ({ x: 'vec4<f32>', y: 'vec4<f32>' }),
    fits: (d: Dims) => keepsRows(d) && sizes(d).at(-1)! % 4 === 0 && strides(d).slice(0, -1).every((stride) => stride % 4 === 0),
  } : {}),
  grid: (d, c) => linearGrid(length(d) / WIDTH, dim(c, 'X')),
})

/** Where in x the i-th WIDTH elements of y stand. */
function source(d: Dims, width: number): string {
  const rank = dim(d, 'RANK')
  const terms = sizes(d).map((size, k) => {
    const last = k === rank - 1
    const inner = product(sizes(d).slice(k + 1)) / (last ? 1 : width)
    const [count, stride] = last ? [size / width, strides(d)[k]!] : [size, strides(d)[k]! / width]
    return `i / ${inner}u${k === 0 ? '' : ` % ${count}u`} * ${stride}u`
  })
  return `const LENGTH = ${length(d) / width}u;\nfn source(i: u32) -> u32 { return ${terms.join(' + ')}; }`
}

/** Matrices whose two axes change places, perhaps many of them: y[O,A,B] = x[O,B,A]. */
function matrices(d: Dims): { readonly count: number; readonly rows: number; readonly columns: number } | undefined {
  const [size, stride] = [sizes(d), strides(d)]
  const [O, A, B] = size.length === 2 ? [1, ...size] : size
  const [strideO, strideA, strideB] = size.length === 2 ? [length(d), ...stride] : stride
  if (size.length > 3 || B === undefined || strideA !== 1 || strideB !== A || strideO !== A! * B) return undefined
  return { count: O!, rows: A!, columns: B }
}

/** Tiles pass through workgroup memory, so that both reads and writes are of neighbours. */
const tiles: Algorithm = {
  name: 'tiles',
  suits: 'gpu',
  shader: 'kernels/shape/transpose-tiles.wgsl',
  variants: [{ TILE: 32, ROWS: 8 }, { TILE: 16, ROWS: 16 }],
  generate: (d) => {
    const { rows, columns } = matrices(d)!
    return `const A = ${rows}u; const B = ${columns}u;`
  },
  fits: (d, c, gpu) => matrices(d) !== undefined && matrices(d)!.count <= 65_535 && dim(c, 'TILE') * (dim(c, 'TILE') + 1) * 4 <= gpu.maxComputeWorkgroupStorageSize,
  workgroup: (_, c) => [dim(c, 'TILE'), dim(c, 'ROWS'), 1],
  grid: (d, c) => {
    const { count, rows, columns } = matrices(d)!
    return [ceilDiv(columns, dim(c, 'TILE')), ceilDiv(rows, dim(c, 'TILE')), count]
  },
}

export const transpose = defineKernel({
  name: 'transpose',
  formula: 'y[SIZE0,SIZE1,…] = x at the sum of each index times its STRIDE; RANK axes',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length },
    y: { access: 'write', element: 'f32', half: true, length },
  },
  algorithms: [tiles, linear(4), linear(1)],
  flops: length,
  reference(d, { x, y }) {
    const [size, stride] = [sizes(d), strides(d)]
    const index = size.map(() => 0)
    let from = 0
    for (let i = 0; i < y!.length; i++) {
      y![i] = x![from]!
      for (let k = size.length - 1; k >= 0; k--) {
        from += stride[k]!
        if (++index[k]! < size[k]!) break
        from -= stride[k]! * size[k]!
        index[k] = 0
      }
    }
  },
  probes: [
    transposeDims([37, 21], [1, 0]), transposeDims([3, 20, 36], [0, 2, 1]), transposeDims([3, 5, 4, 8], [0, 2, 1, 3]),
    transposeDims([2, 3, 4, 5], [3, 0, 2, 1]), transposeDims([5, 7], [0, 1]), transposeDims([4, 6, 8], [1, 0, 2]),
  ],
})
