// Arithmetic on a round's updates, in double precision, a block of coordinates at a time so that the blocks of all
// updates stay in the cache together. Nothing is allocated per coordinate.

/** Coordinates in a block: 25 updates of it take 100 KB. */
export const BLOCK = 1024

/** In blocks, each in four interleaved sums: one order to add in, which vectors of four lanes can keep (server/numeric/assembly/squares.ts). */
export function squaredNorm(values: Float32Array): number {
  let sum = 0
  for (let start = 0; start < values.length; start += BLOCK) sum += blockSquares(values, start, Math.min(values.length, start + BLOCK))
  return sum
}

function blockSquares(values: Float32Array, start: number, end: number): number {
  let a = 0, b = 0, c = 0, d = 0
  let i = start
  for (; i + 4 <= end; i += 4) {
    const p = values[i]!, q = values[i + 1]!, r = values[i + 2]!, s = values[i + 3]!
    a += p * p
    b += q * q
    c += r * r
    d += s * s
  }
  const square = (k: number): number => (k < end ? values[k]! * values[k]! : 0)
  return ((a + square(i)) + (b + square(i + 1))) + ((c + square(i + 2)) + d)
}

export function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!
    sum += difference * difference
  }
  return sum
}

/** Squared distances of all pairs, [n, n]. Of differences, not of dot products: near updates far from zero would cancel. */
export function pairwiseSquaredDistances(vectors: readonly Float32Array[]): Float64Array {
  const n = vectors.length
  const size = vectors[0]?.length ?? 0
  const squares = new Float64Array(n * n)
  for (let start = 0; start < size; start += BLOCK) {
    const block = vectors.map((vector) => vector.subarray(start, Math.min(size, start + BLOCK)))
    for (let i = 0; i < n; i++) {
      let j = i + 1
      for (; j + 4 <= n; j += 4) addFour(block, i, j, squares)
      for (; j < n; j++) squares[i * n + j]! += squaredDistance(block[i]!, block[j]!)
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) squares[i * n + j] = squares[j * n + i]!
  return squares
}

/** Distances of row i to rows j..j+3: four independent sums keep the adder busy, and row i is loaded once. */
function addFour(block: readonly Float32Array[], i: number, j: number, squares: Float64Array): void {
  const row = block[i]!, a = block[j]!, b = block[j + 1]!, c = block[j + 2]!, d = block[j + 3]!
  let sumA = 0, sumB = 0, sumC = 0, sumD = 0
  for (let k = 0; k < row.length; k++) {
    const value = row[k]!
    const toA = value - a[k]!, toB = value - b[k]!, toC = value - c[k]!, toD = value - d[k]!
    sumA += toA * toA
    sumB += toB * toB
    sumC += toC * toC
    sumD += toD * toD
  }
  const at = i * block.length + j
  squares[at]! += sumA
  squares[at + 1]! += sumB
  squares[at + 2]! += sumC
  squares[at + 3]! += sumD
}

/** Sum of weights[i] * vectors[i], [size], added in the order given. */
export function combination(vectors: readonly Float32Array[], weights: ArrayLike<number>): Float32Array {
  const size = vectors[0]!.length
  const result = new Float32Array(size)
  const sums = new Float64Array(BLOCK)
  for (let start = 0; start < size; start += BLOCK) {
    const count = Math.min(BLOCK, size - start)
    sums.fill(0)
    for (let i = 0; i < vectors.length; i++) addRow(sums, vectors[i]!.subarray(start, start + count), weights[i]!)
    for (let k = 0; k < count; k++) result[start + k] = sums[k]!
  }
  return result
}

function addRow(sums: Float64Array, row: Float32Array, weight: number): void {
  for (let k = 0; k < row.length; k++) sums[k]! += weight * row[k]!
}

export const plainMean = (vectors: readonly Float32Array[]): Float32Array => combination(vectors, new Float64Array(vectors.length).fill(1 / vectors.length))
