// Words or characters as numbers: 0 pads, 1 stands for everything unknown, then the most frequent first.

export const PADDING = 0
export const UNKNOWN = 1

export interface Vocabulary {
  /** Numbers in all, padding and unknown included. */
  readonly size: number
  readonly tokens: readonly string[]
  encode(tokens: readonly string[]): number[]
}

/** `tokens` are all of the training text; those rarer than `minCount`, or beyond `maxSize` numbers, are unknown. */
export function createVocabulary(tokens: Iterable<string>, { minCount = 1, maxSize = Infinity }: { readonly minCount?: number; readonly maxSize?: number } = {}): Vocabulary {
  const counts = new Map<string, number>()
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  const frequent = [...counts].filter(([, count]) => count >= minCount)
  // By count, then by the token itself, so that every machine numbers them alike.
  frequent.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
  const known = ['', '\uFFFD', ...frequent.slice(0, maxSize - 2).map(([token]) => token)]
  const numbers = new Map(known.map((token, i) => [token, i]))
  return {
    size: known.length,
    tokens: known,
    encode: (list) => list.map((token) => numbers.get(token) ?? UNKNOWN),
  }
}
