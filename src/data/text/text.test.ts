import { describe, expect, it } from 'vitest'
import { createRng } from '../../base/rng.ts'
import { allWindows, parseCharacters, randomWindows } from './characters.ts'
import { encodeSentences, parseSentences, splitShuffled, wordsOf } from './sentences.ts'
import { createVocabulary, UNKNOWN } from './vocabulary.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe('sentences', () => {
  it('are cleaned as in the paper', () => {
    expect(wordsOf("It's a 10/10 film, isn't it?  (Très bien)")).toEqual(['it', "'s", 'a', '10', '10', 'film', ',', 'is', "n't", 'it', '?', '(', 'tr', 's', 'bien', ')'])
  })

  it('become numbers, cut and padded, with a class for each file', () => {
    const sentences = parseSentences([{ path: 'neg', bytes: bytes('bad film\n\nbad bad film caf\xe9\n') }, { path: 'pos', bytes: bytes('good film') }])
    expect(sentences.map(({ label }) => label)).toEqual([0, 0, 1])
    const vocabulary = createVocabulary(sentences.flatMap(({ words }) => words), { minCount: 2 })
    expect(vocabulary.tokens.slice(2)).toEqual(['bad', 'film'])
    const { tokens, labels } = encodeSentences(sentences, vocabulary, 3)
    expect([...tokens]).toEqual([2, 3, 0, 2, 2, 3, UNKNOWN, 3, 0])
    expect([...labels]).toEqual([0, 0, 1])
    expect(() => parseSentences([{ path: 'empty', bytes: bytes('\n') }])).toThrow(/^empty: must hold a sentence/)
  })

  it('are split into disjoint parts that the seed decides', () => {
    const items = Array.from({ length: 10 }, (_, i) => i)
    const parts = splitShuffled(items, [0.2, 0.5, 0.3], 1)
    expect(parts.map((part) => part.length)).toEqual([2, 5, 3])
    expect(parts.flat().toSorted((a, b) => a - b)).toEqual(items)
    expect(splitShuffled(items, [0.2, 0.5, 0.3], 1)).toEqual(parts)
    expect(splitShuffled(items, [0.2, 0.5, 0.3], 2)).not.toEqual(parts)
  })
})

describe('characters', () => {
  it('are numbered in order, and every window predicts the next character', () => {
    const { characters, tokens } = parseCharacters(bytes('banana'))
    expect(characters).toEqual(['a', 'b', 'n'])
    expect([...tokens]).toEqual([1, 0, 2, 0, 2, 0])
    const all = allWindows(tokens, 2)
    expect([...all.x]).toEqual([1, 0, 2, 0])
    expect([...all.labels]).toEqual([0, 2, 0, 2])
    const { x, labels } = randomWindows(tokens, 50, 3, createRng(1))
    for (let i = 0; i < 50; i++) expect([x[3 * i + 1], x[3 * i + 2]]).toEqual([labels[3 * i], labels[3 * i + 1]])
    expect(new Set(Array.from({ length: 50 }, (_, i) => x[3 * i])).size).toBe(3)
  })
})
