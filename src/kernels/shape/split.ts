// A tensor cut along an axis into up to seven: the opposite of concat. What stands behind the axis counts as part of the rows that are cut.
import { defineKernel, dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims } from '../kernel.ts'
import { MOST_PARTS } from './concat.ts'

const parts = (d: Dims): readonly number[] => Array.from({ length: dim(d, 'COUNT') }, (_, k) => dim(d, `ROW${k}`))
const row = (d: Dims): number => parts(d).reduce((sum, length) => sum + length, 0)
const xLength = (d: Dims): number => dim(d, 'OUTER') * row(d)
const names = Array.from({ length: MOST_PARTS }, (_, k) => `y${k}`)
const buffer = (k: number): BufferDeclaration =>
  ({ access: 'write', element: 'f32', half: true, length: (d) => dim(d, 'OUTER') * (d[`ROW${k}`] ?? 0), bound: (d) => k < dim(d, 'COUNT') })

const linear = (WIDTH: 1 | 4): Algorithm => ({
  name: WIDTH === 4 ? 'vec4' : 'scalar',
  shader: 'kernels/shape/split.wgsl',
  generate: (d) => put(parts(d).map((length) => length / WIDTH)),
  variants: [{ X: 64, WIDTH }],
  ...(WIDTH === 4 ? {
    views: () => Object.fromEntries([...names, 'x'].map((name) => [name, 'vec4<f32>' as const])),
    fits: (d: Dims) => parts(d).every((length) => length % 4 === 0),
  } : {}),
  grid: (d, c) => linearGrid(xLength(d) / WIDTH, dim(c, 'X')),
})

/** Stores an element of a row of the input in whichever tensor it belongs to. */
function put(lengths: readonly number[]): string {
  let start = 0
  const choices = lengths.map((length, k) => {
    const store = `y${k}[outer * ${length}u + column - ${start}u] = value;`
    start += length
    return k === lengths.length - 1 ? `  ${store}` : `  if (column < ${start}u) { ${store} return; }`
  })
  return [`const ROW = ${start}u;`, 'fn put(outer: u32, column: u32, value: x_t) {', ...choices, '}'].join('\n')
}

export const split = defineKernel({
  name: 'split',
  formula: 'y0[OUTER,ROW0], y1[OUTER,ROW1], … = parts of x[OUTER, ROW0 + ROW1 + …] behind one another; COUNT tensors',
  buffers: { x: { access: 'read', element: 'f32', half: true, length: xLength }, ...Object.fromEntries(names.map((name, k) => [name, buffer(k)])) },
  algorithms: [linear(4), linear(1)],
  flops: xLength,
  reference(d, buffers) {
    let start = 0
    const whole = row(d)
    parts(d).forEach((length, k) => {
      for (let o = 0; o < dim(d, 'OUTER'); o++) buffers[`y${k}`]!.set(buffers['x']!.subarray(o * whole + start, o * whole + start + length), o * length)
      start += length
    })
  },
  probes: [
    { OUTER: 5, COUNT: 2, ROW0: 3, ROW1: 6 },
    { OUTER: 3, COUNT: 3, ROW0: 4, ROW1: 16, ROW2: 8 },
    { OUTER: 2, COUNT: 7, ROW0: 4, ROW1: 4, ROW2: 8, ROW3: 4, ROW4: 4, ROW5: 12, ROW6: 4 },
  ],
})
