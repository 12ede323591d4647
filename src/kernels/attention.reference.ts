// Attention and its gradient on plain arrays, head by head and row by row.
import { dim, type Dims, type NumberArray } from './kernel.ts'

type Buffers = Readonly<Record<string, NumberArray>>

interface Head {
  /** Index of the first element of query, key or value (part 0, 1, 2) of position t. */
  readonly at: (part: number, t: number) => number
  /** The same in y. */
  readonly out: (t: number) => number
  /** The same in lse and delta. */
  readonly row: (t: number) => number
}

function forEachHead(d: Dims, visit: (head: Head) => void): void {
  const T = dim(d, 'T'), H = dim(d, 'H'), D = dim(d, 'D')
  for (let b = 0; b < dim(d, 'B'); b++) for (let h = 0; h < H; h++) {
    visit({
      at: (part, t) => (((b * T + t) * 3 + part) * H + h) * D,
      out: (t) => ((b * T + t) * H + h) * D,
      row: (t) => (b * H + h) * T + t,
    })
  }
}

const keysOf = (d: Dims, t: number): number => (d['CAUSAL'] === 1 ? t + 1 : dim(d, 'T'))

export function attentionReference(d: Dims, { qkv, y, lse }: Buffers): void {
  const T = dim(d, 'T'), D = dim(d, 'D')
  const inner = (a: number, b: number): number => dot(qkv!, a, qkv!, b, D)
  forEachHead(d, ({ at, out, row }) => {
    for (let t = 0; t < T; t++) {
      const scores = Float64Array.from({ length: keysOf(d, t) }, (_, j) => inner(at(0, t), at(1, j)) / Math.sqrt(D))
      const maximum = scores.reduce((most, s) => Math.max(most, s), -Infinity)
      const total = scores.reduce((sum, s) => sum + Math.exp(s - maximum), 0)
      lse![row(t)] = maximum + Math.log(total)
      for (let i = 0; i < D; i++) {
        let sum = 0
        scores.forEach((s, j) => { sum += Math.exp(s - maximum) * qkv![at(2, j) + i]! })
        y![out(t) + i] = sum / total
      }
    }
  })
}

export function attentionGradientReference(d: Dims, { qkv, dy, lse, delta, dqkv }: Buffers): void {
  const T = dim(d, 'T'), D = dim(d, 'D'), scale = 1 / Math.sqrt(D)
  dqkv!.fill(0)
  forEachHead(d, ({ at, out, row }) => {
    const sums = new Float64Array(3 * T * D)
    for (let t = 0; t < T; t++) for (let j = 0; j < keysOf(d, t); j++) {
      const p = Math.exp(dot(qkv!, at(0, t), qkv!, at(1, j), D) * scale - lse![row(t)]!)
      const ds = p * (dot(dy!, out(t), qkv!, at(2, j), D) - delta![row(t)]!) * scale
      for (let i = 0; i < D; i++) {
        sums[t * D + i]! += ds * qkv![at(1, j) + i]!
        sums[(T + j) * D + i]! += ds * qkv![at(0, t) + i]!
        sums[(2 * T + j) * D + i]! += p * dy![out(t) + i]!
      }
    }
    for (let part = 0; part < 3; part++) for (let t = 0; t < T; t++) for (let i = 0; i < D; i++) dqkv![at(part, t) + i] = sums[(part * T + t) * D + i]!
  })
}

function dot(a: NumberArray, from: number, b: NumberArray, start: number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += a[from + i]! * b[start + i]!
  return sum
}
