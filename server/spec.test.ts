// Rules and tests name each other: every rule of SPEC.md is quoted by a test's title, and no title quotes another one.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
/** `- **L1** text`, and a title or a row of a table of tests: 'L1 L2: what holds'. */
const RULE = /^- \*\*([A-Z]\d+)\*\* \S/gm
const TITLE = /[([]\s*['"`]((?:[A-Z]\d+ )*[A-Z]\d+): /g

function rules(): readonly string[] {
  return [...readFileSync(join(ROOT, 'server/SPEC.md'), 'utf8').matchAll(RULE)].map(([, id]) => id!)
}

/** The files that quote each id. */
function quotes(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const files = ['server', 'src', 'e2e'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
  for (const path of files.filter((file) => /(\.test|\/test-[a-z-]+)\.ts$/.test(file))) {
    for (const [, ids] of readFileSync(join(ROOT, path), 'utf8').matchAll(TITLE)) {
      for (const id of ids!.split(' ')) found.set(id, [...(found.get(id) ?? []), path])
    }
  }
  return found
}

describe('SPEC.md', () => {
  it('numbers each rule once, without gaps', () => {
    const ids = rules()
    expect(ids.length).toBeGreaterThan(50)
    const numbers = new Map<string, number>()
    for (const id of ids) {
      expect(Number(id.slice(1)), id).toBe((numbers.get(id[0]!) ?? 0) + 1)
      numbers.set(id[0]!, Number(id.slice(1)))
    }
  })

  it('has no rule that no test quotes', () => {
    const quoted = quotes()
    expect(rules().filter((id) => !quoted.has(id))).toEqual([])
  })

  it('has every rule that a test quotes', () => {
    const known = new Set(rules())
    expect([...quotes()].filter(([id]) => !known.has(id))).toEqual([])
  })
})
