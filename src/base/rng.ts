// Seeded random numbers: sfc32 (Chris Doty-Humphrey, PractRand), seeded by hashing a label.
// The same seed gives the same numbers in every browser and in Node.

export interface Rng {
  /** Uniform integer in [0, 2^32). */
  nextU32(): number
  /** Uniform in [0, 1) with 32 random bits. */
  uniform(): number
  /** Uniform integer in [0, bound). */
  integer(bound: number): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** A generator that depends only on this one's seed and the label, not on how far it has been used. */
  fork(label: string | number): Rng
  /** Four words that `restoreRng` continues from. */
  state(): RngState
}

export type RngState = readonly [number, number, number, number]

export function createRng(seed: string | number): Rng {
  const text = String(seed)
  const words = [hashWord(text, 0x9e3779b9), hashWord(text, 0x243f6a88), hashWord(text, 0xb7e15162), 1] as const
  const rng = fromState(words, text)
  for (let i = 0; i < 12; i++) rng.nextU32()
  return rng
}

/** Continues from a saved state; forks are labelled by that state. */
export const restoreRng = (state: RngState): Rng => fromState(state, state.join(','))

/** A random order of 0..count-1 (Fisher-Yates). */
export function permutation(rng: Rng, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = rng.integer(i + 1)
    const swap = order[i] as number
    order[i] = order[j] as number
    order[j] = swap
  }
  return order
}

function fromState(initial: RngState, label: string): Rng {
  let [a, b, c, d] = initial
  const nextU32 = (): number => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  const uniform = (): number => nextU32() / 4294967296
  return {
    nextU32,
    uniform,
    integer: (bound) => Math.floor(uniform() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    fork: (name) => createRng(`${label}/${name}`),
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  }
}

/** MurmurHash3's 32-bit mix over the characters of `text`. */
function hashWord(text: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) {
    let word = Math.imul(text.charCodeAt(i), 0xcc9e2d51)
    word = (word << 15) | (word >>> 17)
    hash ^= Math.imul(word, 0x1b873593)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  hash ^= text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
