// Text as a stream of characters, and the windows of it that a language model learns from: each position predicts the next.
import type { Rng } from '../../base/rng.ts'

export interface CharacterText {
  /** The different characters in order; a character's number is its place here. */
  readonly characters: readonly string[]
  readonly tokens: Uint32Array
}

export function parseCharacters(bytes: Uint8Array): CharacterText {
  const text = [...new TextDecoder().decode(bytes)]
  const characters = [...new Set(text)].sort()
  const numbers = new Map(characters.map((character, i) => [character, i]))
  return { characters, tokens: Uint32Array.from(text, (character) => numbers.get(character) as number) }
}

export interface Windows {
  /** [count, length] */
  readonly x: Uint32Array
  /** [count, length]: the tokens one place further. */
  readonly labels: Uint32Array
}

/** `count` windows that begin at random places of `tokens`. */
export const randomWindows = (tokens: Uint32Array, count: number, length: number, rng: Rng): Windows =>
  windowsAt(tokens, Array.from({ length: count }, () => rng.integer(tokens.length - length)), length)

/** The windows that follow one another without overlap; what is left at the end is too short for one. */
export const allWindows = (tokens: Uint32Array, length: number): Windows =>
  windowsAt(tokens, Array.from({ length: Math.floor((tokens.length - 1) / length) }, (_, i) => i * length), length)

function windowsAt(tokens: Uint32Array, starts: readonly number[], length: number): Windows {
  const x = new Uint32Array(starts.length * length)
  const labels = new Uint32Array(starts.length * length)
  starts.forEach((start, i) => {
    x.set(tokens.subarray(start, start + length), i * length)
    labels.set(tokens.subarray(start + 1, start + length + 1), i * length)
  })
  return { x, labels }
}
