// Dropout (Srivastava et al. 2014) with a counter-based generator: the mask is a function of seed, work, step, layer and element,
// so it is the same on every machine, and the backward pass computes it again instead of keeping it.
import { bitsFloat, floatBits } from '../base/math.ts'
import { philox } from '../base/philox.ts'
import { defineKernel, dim, linearGrid, type Algorithm, type Dims } from './kernel.ts'

const size = (d: Dims): number => dim(d, 'SIZE')
const divides = (d: Dims): boolean => size(d) % 4 === 0

/** One invocation per four elements, whose numbers come together. */
const quartets = (width: 1 | 4): Algorithm => ({
  name: width === 4 ? 'vec4' : 'scalar',
  shader: 'kernels/dropout.wgsl',
  // A row each: every layer has a stream, and so a shader, of its own, and nothing here is worth measuring.
  variants: [{ X: 64, WIDTH: width }],
  fits: (d) => divides(d) === (width === 4),
  ...(width === 4 ? { views: () => ({ x: 'vec4<f32>', y: 'vec4<f32>' } as const) } : {}),
  grid: (d, c) => linearGrid(Math.ceil(size(d) / 4), dim(c, 'X')),
})

const SEED = 0, WORK = 1, STEP = 2

export const dropout = defineKernel({
  name: 'dropout',
  formula: 'y[SIZE] = random number of the element < THRESHOLD ? 0 : x[SIZE] * SCALE; numbers are Philox 4x32-10 of key (seed, work) and counter (element / 4, step, STREAM, 0); SCALE is an f32 given by its bits',
  buffers: {
    x: { access: 'read', element: 'f32', half: true, length: size },
    random: { access: 'read', element: 'u32', length: () => 4, range: () => [0, 2 ** 32] },
    y: { access: 'write', element: 'f32', half: true, length: size },
  },
  algorithms: [quartets(4), quartets(1)],
  flops: size,
  reference(d, { x, random, y }) {
    const threshold = dim(d, 'THRESHOLD'), scale = bitsFloat(dim(d, 'SCALE')), stream = dim(d, 'STREAM')
    for (let start = 0; start < size(d); start += 4) {
      const words = philox([start / 4, random![STEP]!, stream, 0], [random![SEED]!, random![WORK]!])
      for (let i = start; i < Math.min(start + 4, size(d)); i++) y![i] = words[i - start]! < threshold ? 0 : x![i]! * scale
    }
  },
  probes: [
    { SIZE: 1000, STREAM: 0, THRESHOLD: 2 ** 31, SCALE: floatBits(2) },
    { SIZE: 333, STREAM: 7, THRESHOLD: 2 ** 30, SCALE: floatBits(4 / 3) },
  ],
})
