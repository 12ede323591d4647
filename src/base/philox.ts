// Philox 4x32-10, a counter-based generator (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four words that
// depend on a counter and a key alone, so that any element's numbers can be had at any time, on any machine, in any order.
// shaders/kernels/dropout.wgsl computes the same.

export type Words = readonly [number, number, number, number]

const ROUNDS = 10

export function philox([c0, c1, c2, c3]: Words, [k0, k1]: readonly [number, number]): Words {
  let words: Words = [c0, c1, c2, c3]
  for (let round = 0; round < ROUNDS; round++) {
    const keyed = [Math.imul(round, 0x9e3779b9) + k0, Math.imul(round, 0xbb67ae85) + k1] as const
    words = [
      (highProduct(0xcd9e8d57, words[2]) ^ words[1] ^ keyed[0]) >>> 0,
      Math.imul(0xcd9e8d57, words[2]) >>> 0,
      (highProduct(0xd2511f53, words[0]) ^ words[3] ^ keyed[1]) >>> 0,
      Math.imul(0xd2511f53, words[0]) >>> 0,
    ]
  }
  return words
}

/** Upper 32 bits of a product of two 32-bit numbers, by halves. */
function highProduct(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16
  const low = Math.imul(a0, b0) >>> 0, left = Math.imul(a0, b1) >>> 0, right = Math.imul(a1, b0) >>> 0
  const carry = ((low >>> 16) + (left & 0xffff) + (right & 0xffff)) >>> 16
  return ((Math.imul(a1, b1) >>> 0) + (left >>> 16) + (right >>> 16) + carry) >>> 0
}
