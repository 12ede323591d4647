// General matrix product with fused bias and activation; TA and TB say which operand is stored transposed.
import { activationByCode } from './activation.ts'
import { defineKernel, dim, type Dims, type NumberArray } from './kernel.ts'
import { matmulAlgorithms } from './matmul.algorithms.ts'

export const matmul = defineKernel({
  name: 'matmul',
  formula: 'c[M,N] = act(A·B + bias[N]); A is a[M,K], or a[K,M] transposed where TA; B is b[K,N], or b[N,K] transposed where TB',
  buffers: {
    a: { access: 'read', element: 'f32', half: true, length: (d) => dim(d, 'M') * dim(d, 'K') },
    b: { access: 'read', element: 'f32', half: true, length: (d) => dim(d, 'K') * dim(d, 'N') },
    bias: { access: 'read', element: 'f32', length: (d) => dim(d, 'N'), bound: (d) => d['BIAS'] === 1 },
    c: { access: 'write', element: 'f32', half: true, length: (d) => dim(d, 'M') * dim(d, 'N') },
  },
  epilogue: { output: 'c', columns: (d) => dim(d, 'N') },
  algorithms: matmulAlgorithms,
  flops: (d) => 2 * dim(d, 'M') * dim(d, 'N') * dim(d, 'K'),
  reference: matmulReference,
  probes: [0, 1].flatMap((TA) => [0, 1].flatMap((TB) => [
    { M: 33, N: TA === TB ? 18 : 10, K: 21, TA, TB, BIAS: 0, ACT: 0 },
    { M: 20, N: TA === TB ? 28 : 12, K: 40, TA, TB, BIAS: 1, ACT: 1 },
  ])).concat([10, 12].map((N) => ({ M: 5, N, K: 8200, TA: 0, TB: 0, BIAS: 1, ACT: 2 })), { M: 68, N: 72, K: 520, TA: 1, TB: 0, BIAS: 0, ACT: 0 }),
})

function matmulReference(d: Dims, buffers: Readonly<Record<string, NumberArray>>): void {
  const { M, N, K, TA, TB, BIAS, ACT } = d as Record<string, number> as { M: number; N: number; K: number; TA: number; TB: number; BIAS: number; ACT: number }
  const { a, b, bias, c } = buffers as { a: NumberArray; b: NumberArray; bias: NumberArray; c: NumberArray }
  const { forward } = activationByCode(ACT)
  const left = new Float64Array(K), row = new Float64Array(N)
  for (let m = 0; m < M; m++) {
    for (let k = 0; k < K; k++) left[k] = a[TA ? k * M + m : m * K + k]!
    // Zeros too are multiplied: times what is not finite they are NaN, as on every other runner.
    if (TB) for (let n = 0, at = 0; n < N; n++) {
      let sum = 0
      for (let k = 0; k < K; k++, at++) sum += left[k]! * b[at]!
      row[n] = sum
    } else {
      row.fill(0)
      for (let k = 0, at = 0; k < K; k++) {
        const value = left[k]!
        for (let n = 0; n < N; n++, at++) row[n]! += value * b[at]!
      }
    }
    for (let n = 0; n < N; n++) c[m * N + n] = forward(row[n]! + (BIAS ? bias[n]! : 0))
  }
}
