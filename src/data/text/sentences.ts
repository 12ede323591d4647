// Sentences with a class each, as the movie reviews of Pang and Lee (2005) come: one file a class, one sentence a line.
import { ConfigError } from '../../base/errors.ts'
import { createRng, permutation } from '../../base/rng.ts'
import { PADDING, type Vocabulary } from './vocabulary.ts'

export interface Sentence {
  readonly words: readonly string[]
  readonly label: number
}

/** Kim's cleaning (arXiv 1408.5882): lower case, contractions and punctuation apart, everything else but letters, digits and !?,.' dropped. */
export function wordsOf(line: string): readonly string[] {
  return line.toLowerCase()
    .replace(/[^a-z0-9(),!?'`]/g, ' ')
    .replace(/('s|'ve|n't|'re|'d|'ll)/g, ' $1')
    .replace(/([,!?()])/g, ' $1 ')
    .split(/\s+/)
    .filter((word) => word !== '')
}

/** One Latin-1 file for each class. */
export function parseSentences(files: readonly { readonly path: string; readonly bytes: Uint8Array }[]): readonly Sentence[] {
  return files.flatMap(({ path, bytes }, label) => {
    const lines = new TextDecoder('latin1').decode(bytes).split('\n').map(wordsOf).filter((words) => words.length > 0)
    if (lines.length === 0) throw new ConfigError(`${path}: must hold a sentence in each line, got none. Download it again.`)
    return lines.map((words) => ({ words, label }))
  })
}

/** Numbers of the words [examples, length], cut or padded at the end, and the labels. */
export function encodeSentences(sentences: readonly Sentence[], vocabulary: Vocabulary, length: number): { readonly tokens: Uint32Array; readonly labels: Uint32Array } {
  const tokens = new Uint32Array(sentences.length * length).fill(PADDING)
  sentences.forEach(({ words }, i) => tokens.set(vocabulary.encode(words.slice(0, length)), i * length))
  return { tokens, labels: Uint32Array.from(sentences, ({ label }) => label) }
}

/** Parts of a seeded shuffle, in the given fractions; the last one takes what is left. */
export function splitShuffled<T>(items: readonly T[], fractions: readonly number[], seed: string | number): readonly (readonly T[])[] {
  const shuffled = [...permutation(createRng(seed).fork('split'), items.length)].map((i) => items[i] as T)
  let from = 0
  return fractions.map((fraction, i) => {
    const to = i === fractions.length - 1 ? shuffled.length : from + Math.round(fraction * items.length)
    const part = shuffled.slice(from, to)
    from = to
    return part
  })
}
