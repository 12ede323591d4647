// Up to seven tensors one behind another along an axis. What stands behind the axis counts as part of the rows that are joined.
import { defineKernel, dim, linearGrid, type Algorithm, type BufferDeclaration, type Dims } from '../kernel.ts'

/** One of the eight buffers of a call is the output. */
export const MOST_PARTS = 7

const parts = (d: Dims): readonly number[] => Array.from({ length: dim(d, 'COUNT') }, (_, k) => dim(d, `ROW${k}`))
const row = (d: Dims): number => parts(d).reduce((sum, length) => sum + length, 0)
const yLength = (d: Dims): number => dim(d, 'OUTER') * row(d)
const buffer = (k: number): BufferDeclaration =>
  ({ access: 'read', element: 'f32', half: true, length: (d) => dim(d, 'OUTER') * (d[`ROW${k}`] ?? 0), bound: (d) => k < dim(d, 'COUNT') })
const names = Array.from({ length: MOST_PARTS }, (_, k) => `x${k}`)

const linear = (WIDTH: 1 | 4): Algorithm => ({
  name: WIDTH === 4 ? 'vec4' : 'scalar',
  shader: 'kernels/shape/concat.wgsl',
  generate: (d) => pick(parts(d).map((length) => length / WIDTH)),
  variants: [64, 256].map((X) => ({ X, WIDTH })),
  ...(WIDTH === 4 ? {
    views: () => Object.fromEntries([...names, 'y'].map((name) => [name, 'vec4<f32>' as const])),
    fits: (d: Dims) => parts(d).every((length) => length % 4 === 0),
  } : {}),
  grid: (d, c) => linearGrid(yLength(d) / WIDTH, dim(c, 'X')),
})

/** The element of a row of the output, out of whichever tensor it lies in. */
function pick(lengths: readonly number[]): string {
  let start = 0
  const choices = lengths.map((length, k) => {
    const take = `return x${k}[outer * ${length}u + column - ${start}u];`
    start += length
    return k === lengths.length - 1 ? `  ${take}` : `  if (column < ${start}u) { ${take} }`
  })
  return [`const ROW = ${start}u;`, 'fn pick(outer: u32, column: u32) -> y_t {', ...choices, '}'].join('\n')
}

export const concat = defineKernel({
  name: 'concat',
  formula: 'y[OUTER, ROW0 + ROW1 + …] = x0[OUTER,ROW0], x1[OUTER,ROW1], … behind one another; COUNT tensors',
  buffers: { ...Object.fromEntries(names.map((name, k) => [name, buffer(k)])), y: { access: 'write', element: 'f32', half: true, length: yLength } },
  algorithms: [linear(4), linear(1)],
  flops: yLength,
  reference(d, buffers) {
    let start = 0
    const whole = row(d)
    parts(d).forEach((length, k) => {
      for (let o = 0; o < dim(d, 'OUTER'); o++) buffers['y']!.set(buffers[`x${k}`]!.subarray(o * length, (o + 1) * length), o * whole + start)
      start += length
    })
  },
  probes: [
    { OUTER: 5, COUNT: 2, ROW0: 3, ROW1: 6 },
    { OUTER: 3, COUNT: 3, ROW0: 4, ROW1: 16, ROW2: 8 },
    { OUTER: 2, COUNT: 7, ROW0: 4, ROW1: 4, ROW2: 8, ROW3: 4, ROW4: 4, ROW5: 12, ROW6: 4 },
    { OUTER: 1, COUNT: 7, ROW0: 1, ROW1: 2, ROW2: 3, ROW3: 4, ROW4: 5, ROW5: 6, ROW6: 7 },
  ],
})
