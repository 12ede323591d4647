// Algorithms of kernels that touch each element once: one shader seen by single elements or by vec4s.
import { linearGrid, type Algorithm, type Dims } from './kernel.ts'

interface LinearShader {
  readonly shader: string
  /** Elements that one call covers. */
  readonly elements: (d: Dims) => number
  /** Buffers that are seen as vec4s, and whether every one of them and every row they are read by divides by four. */
  readonly vectors: readonly string[]
  readonly divides: (d: Dims) => boolean
  /** Uses activate(). */
  readonly activation?: boolean
}

const SIZES = [64, 256, 4]

/** Rows of one element per invocation and, where the sizes allow, of one vec4 per invocation (tried first). */
export function linearAlgorithms(l: LinearShader): readonly Algorithm[] {
  const rows = (width: number): Algorithm => ({
    name: width === 4 ? 'vec4' : 'scalar',
    shader: l.shader,
    ...(l.activation === true ? { includes: [width === 4 ? 'kernels/activation-vec4.wgsl' : 'kernels/activation.wgsl'] } : {}),
    variants: SIZES.map((X) => ({ X, WIDTH: width })),
    ...(width === 4 ? { views: () => Object.fromEntries(l.vectors.map((name) => [name, 'vec4<f32>' as const])), fits: l.divides } : {}),
    grid: (d, c) => linearGrid(Math.ceil(l.elements(d) / width), c['X'] as number),
  })
  return [rows(4), rows(1)]
}
