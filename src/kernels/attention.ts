// Multi-head self-attention (Vaswani et al. 2017, arXiv 1706.03762) without a T x T matrix in memory (FlashAttention, Dao et al.
// 2022, arXiv 2205.14135): the forward pass keeps a running softmax and saves each row's log of the sum of exponentials, from which
// the backward pass computes probabilities again. Queries, keys and values lie side by side: qkv[B,T,3,H,D].
import { defineKernel, dim, linearGrid, type BufferDeclaration, type Dims } from './kernel.ts'
import { attentionAlgorithms } from './attention.algorithms.ts'
import { attentionGradientReference, attentionReference } from './attention.reference.ts'

/** Elements of y. */
const size = (d: Dims): number => dim(d, 'B') * dim(d, 'T') * dim(d, 'H') * dim(d, 'D')
const rows = (d: Dims): number => dim(d, 'B') * dim(d, 'H') * dim(d, 'T')
const products = (d: Dims): number => size(d) * dim(d, 'T') * (d['CAUSAL'] === 1 ? 1 : 2)

const qkv: BufferDeclaration = { access: 'read', element: 'f32', half: true, length: (d) => 3 * size(d) }
const whole = (access: 'read' | 'write'): BufferDeclaration => ({ access, element: 'f32', half: true, length: size })
const perRow = (access: 'read' | 'write'): BufferDeclaration => ({ access, element: 'f32', length: rows })

const probes: readonly Dims[] = [
  { B: 2, T: 9, H: 2, D: 8, CAUSAL: 1 },
  { B: 1, T: 70, H: 3, D: 16, CAUSAL: 0 },
  { B: 2, T: 37, H: 1, D: 32, CAUSAL: 1 },
  { B: 1, T: 5, H: 2, D: 3, CAUSAL: 0 },
]

export const attention = defineKernel({
  name: 'attention',
  formula: 'y[B,T,H,D] = softmax over j (j <= T where CAUSAL = 1) of (q[T] · k[j] / sqrt(D)) · v[j] of q, k, v = qkv[B,T,0..2,H,D]; lse[B,H,T] = log of the sum of exponentials',
  buffers: { qkv, y: whole('write'), lse: perRow('write') },
  algorithms: attentionAlgorithms({ name: 'forward', vectors: ['qkv', 'y'], passes: 1, quadRows: [2, 1] }),
  flops: (d) => 2 * products(d),
  reference: attentionReference,
  probes,
})

export const attentionDelta = defineKernel({
  name: 'attention-delta',
  formula: 'delta[B,H,T] = sum over D of y[B,T,H,D] * dy[B,T,H,D]',
  buffers: { y: whole('read'), dy: whole('read'), delta: perRow('write') },
  algorithms: [4, 1].map((width) => ({
    name: width === 4 ? 'vec4' : 'scalar',
    shader: 'kernels/attention/delta.wgsl',
    variants: [{ X: 64, WIDTH: width }],
    ...(width === 4 ? { fits: (d: Dims) => dim(d, 'D') % 4 === 0, views: () => ({ y: 'vec4<f32>', dy: 'vec4<f32>' } as const) } : {}),
    grid: (d: Dims, c: Dims) => linearGrid(rows(d), dim(c, 'X')),
  })),
  flops: (d) => 2 * size(d),
  reference(d, { y, dy, delta }) {
    const B = dim(d, 'B'), T = dim(d, 'T'), H = dim(d, 'H'), D = dim(d, 'D')
    for (let b = 0; b < B; b++) for (let t = 0; t < T; t++) for (let h = 0; h < H; h++) {
      const at = ((b * T + t) * H + h) * D
      let sum = 0
      for (let i = at; i < at + D; i++) sum += y![i]! * dy![i]!
      delta![(b * H + h) * T + t] = sum
    }
  },
  probes,
})

export const attentionGradient = defineKernel({
  name: 'attention-gradient',
  formula: 'dqkv[B,T,3,H,D]: p = exp(q · k / sqrt(D) - lse), ds = p * (dy · v - delta) / sqrt(D); dq = sum over keys of ds * k, dk = sum over queries of ds * q, dv = sum over queries of p * dy',
  buffers: {
    qkv,
    dy: whole('read'),
    // As a real sum of exponentials would be: probabilities stay small.
    lse: { ...perRow('read'), range: () => [3, 4] },
    delta: perRow('read'),
    dqkv: { access: 'write', element: 'f32', half: true, length: (d) => 3 * size(d) },
  },
  algorithms: attentionAlgorithms({ name: 'gradient', vectors: ['qkv', 'dy', 'dqkv'], passes: 2, quadRows: [1] }),
  flops: (d) => 7 * products(d),
  reference: attentionGradientReference,
  probes,
})
