// How attention is computed: a row of the score matrix per invocation, with keys and values staged in workgroup memory (GPUs),
// exchanged within SIMD units (software adapters) or read from memory (anything, anywhere). The gradient has two passes in one
// call: z = 0 goes by queries, z = 1 by keys.
import { ceilDiv } from '../base/math.ts'
import { dim, type Algorithm, type Dims, type Grid } from './kernel.ts'
import { hasQuads } from './subgroups.ts'

export interface AttentionPart {
  readonly name: 'forward' | 'gradient'
  /** Buffers of heads, which are seen as vec4s where heads divide by four. */
  readonly vectors: readonly string[]
  readonly passes: 1 | 2
  /** Rows that an invocation of `quads` may take. */
  readonly quadRows: readonly number[]
}

/** Every element of a head is written out for each row; more of them compile too long. */
const longestHead = (rows: number, passes: number): number => (rows * passes === 1 ? 128 : 64 / rows)

export function attentionAlgorithms({ name, vectors, passes, quadRows }: AttentionPart): readonly Algorithm[] {
  const vec4 = {
    views: () => Object.fromEntries(vectors.map((buffer) => [buffer, 'vec4<f32>' as const])),
  }
  const grid = (d: Dims, rows: number): Grid => [ceilDiv(dim(d, 'T'), rows), dim(d, 'B') * dim(d, 'H'), passes]
  const shader = (kind: string): string => `kernels/attention/${name}-${kind}.wgsl`
  const problem = 'kernels/attention/problem.wgsl'
  return [
    {
      name: 'tiles',
      suits: 'gpu',
      shader: shader('tiles'),
      includes: [problem],
      variants: [{ X: 64, TILE: 32, WIDTH: 4 }, { X: 32, TILE: 32, WIDTH: 4 }, { X: 64, TILE: 8, WIDTH: 4 }],
      ...vec4,
      fits: (d, c, gpu) => dim(d, 'D') % 4 === 0 && 8 * dim(c, 'TILE') * (dim(d, 'D') + 1) <= gpu.maxComputeWorkgroupStorageSize,
      grid: (d, c) => grid(d, dim(c, 'X')),
    },
    {
      name: 'quads',
      suits: 'software',
      features: ['subgroups'],
      shader: shader('quads'),
      includes: [problem, 'kernels/attention/quads.wgsl'],
      variants: quadRows.map((ROWS) => ({ X: 4, ROWS, WIDTH: 4 })),
      ...vec4,
      fits: (d, c, gpu) => dim(d, 'D') % 4 === 0 && dim(d, 'D') <= longestHead(dim(c, 'ROWS'), passes) && hasQuads(gpu),
      grid: (d, c) => grid(d, 4 * dim(c, 'ROWS')),
    },
    {
      name: 'rows',
      shader: shader('rows'),
      includes: [problem],
      variants: [{ X: 64, WIDTH: 1 }, { X: 4, WIDTH: 1 }],
      grid: (d, c) => grid(d, dim(c, 'X')),
    },
  ]
}
