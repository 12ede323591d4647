import { describe, expect, test } from 'vitest'
import { en } from './en.ts'
import { formatBytes, formatDuration, languages, setLanguage } from './index.ts'
import { zh } from './zh.ts'

describe('numbers for people', () => {
  test.each([[0, '0 B'], [999, '999 B'], [1000, '1.0 kB'], [99_940, '99.9 kB'], [99_960, '100 kB'], [999_600, '1.0 MB'], [814_120, '814 kB'], [3.4e9, '3.4 GB'], [5e15, '5,000 TB']])('%d bytes read %s', (bytes, text) => {
    setLanguage('en')
    expect(formatBytes(bytes)).toBe(text)
  })
  test.each([[0, '0:00'], [9.9, '0:09'], [75, '1:15'], [3599, '59:59'], [4000, '1:06:40'], [90_000, '25:00:00']])('%d seconds read %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })
})

/** Every sentence with its path; functions are given arguments that must show. */
function sentences(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value === 'function') {
    const given = Array.from({ length: value.length }, (_, i) => `«${i}»`)
    const said: unknown = value(...given)
    const text = typeof said === 'string' ? said : JSON.stringify(said)
    for (const argument of given) expect(text, path).toContain(argument)
    return [[path, text]]
  }
  return Object.entries(value as object).flatMap(([key, inner]) => sentences(inner, `${path}.${key}`))
}

describe('the catalogue', () => {
  test('every sentence says something, and what it is given', () => {
    for (const catalogue of [en, zh]) for (const [path, text] of sentences(catalogue, catalogue.language)) expect(text.trim(), path).not.toBe('')
  })

  test('the Chinese one is in Chinese', () => {
    const untranslated = sentences(zh, '').filter(([, text]) => !/[\u4e00-\u9fff]/.test(text)).map(([path]) => path)
    expect(untranslated.toSorted()).toEqual(['.dashboard.downloadNote', '.name'])
  })

  test('each language is named in itself', () => {
    expect(languages).toEqual([['en', 'English'], ['zh', '中文']])
  })
})
